import type { BoundaryTensor } from '../graph/shard.types.ts';
import type { StateSlot } from '../graph/state-slots.ts';

/** What each input of a decoder is for, by the roles that the exporters of transformers and Optimum give. */
export type DecoderRole =
  /** [batch, tokens]: the tokens of this run. */
  | 'ids'
  /** [batch, past + tokens]: 1 for each token that counts. */
  | 'mask'
  /** [batch, tokens]: the place of each token in the text. */
  | 'positions'
  /** A scalar or [1]: for so many of the last tokens scores are wanted. */
  | 'scored'
  /** A boolean or [1]: whether the past counts (merged decoders). */
  | 'cached';

export interface DecoderInput extends BoundaryTensor {
  readonly role: DecoderRole;
}

/** How a decoder is fed and read. */
export interface DecoderIo {
  /** The inputs that are not kept states, in the order of the graph. */
  readonly inputs: readonly DecoderInput[];
  /** [batch, tokens, vocabulary], float32 or float16: what comes after each token. */
  readonly scores: BoundaryTensor;
  /** Absent where the graph leaves it open. */
  readonly vocabulary?: number;
}

/** Names that exporters use; a prefix such as "decoder_" may stand before. */
const ROLES: readonly { readonly role: DecoderRole; readonly name: RegExp; readonly dtype: RegExp }[] = [
  { role: 'ids', name: /(^|[_.])(input_ids|tokens|token_ids)$/, dtype: /^int(32|64)$/ },
  { role: 'mask', name: /(^|[_.])attention_mask$/, dtype: /^(int(32|64)|float32|bool)$/ },
  { role: 'positions', name: /(^|[_.])(position_ids|cache_position)$/, dtype: /^int(32|64)$/ },
  { role: 'scored', name: /^(num_logits_to_keep|logits_to_keep)$/, dtype: /^int(32|64)$/ },
  { role: 'cached', name: /^use_cache_branch$/, dtype: /^bool$/ },
];

const SCORES = /(^|[_.])(logits|scores)$/;

/** What a model's card says of its ends. */
interface Ends {
  readonly inputs: readonly BoundaryTensor[];
  readonly outputs: readonly BoundaryTensor[];
  readonly states?: readonly StateSlot[];
}

/**
 * The model as a decoder that writes token by token with a kept past; null where it is none: an input has no known role,
 * nothing is kept, or a state of it would have to travel.
 */
export function decoderIo({ inputs, outputs, states = [] }: Ends): DecoderIo | null {
  const [reads, makes] = [new Set(states.map(({ input }) => input)), new Set(states.map((s) => s.output))];
  const left = inputs.filter(({ name }) => !reads.has(name));
  const made = outputs.filter(({ name }) => !makes.has(name));
  const scores = made.find(({ name }) => SCORES.test(name));
  const known = left.flatMap((input) => {
    const found = ROLES.find(({ name, dtype }) => name.test(input.name) && dtype.test(input.dtype));
    return found ? [{ ...input, role: found.role }] : [];
  });
  const ids = known.filter(({ role }) => role === 'ids');
  if (states.length === 0 || known.length < left.length || ids.length !== 1) return null;
  if (!scores || !/^float(16|32)$/.test(scores.dtype) || (scores.dims && scores.dims.length !== 3))
    return null;
  const vocabulary = scores.dims?.[2];
  return { inputs: known, scores, ...(typeof vocabulary === 'number' && { vocabulary }) };
}
