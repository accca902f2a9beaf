import type { BoundaryTensor } from '../graph/shard.types.ts';
import type { StateSlot } from '../graph/state-slots.ts';

/** What each input of an encoder is for, by the names that the exporters of transformers and Optimum give. */
export type EncoderRole =
  /** [batch, tokens]: the tokens of a text. */
  | 'ids'
  /** [batch, tokens]: 1 for each token that counts. */
  | 'mask'
  /** [batch, tokens]: to which of two texts each token belongs. */
  | 'types'
  /** [batch, tokens]: the place of each token in the text. */
  | 'positions';

export interface EncoderInput extends BoundaryTensor {
  readonly role: EncoderRole;
}

/** How a model is fed and read that makes vectors of texts. */
export interface EncoderIo {
  /** In the order of the graph. */
  readonly inputs: readonly EncoderInput[];
  /** The place among the graph's outputs of [batch, tokens, width], a vector for each token, or [batch, width]. */
  readonly output: number;
}

const ROLES: readonly { readonly role: EncoderRole; readonly name: RegExp; readonly dtype: RegExp }[] = [
  { role: 'ids', name: /^input_ids$/, dtype: /^int(32|64)$/ },
  { role: 'mask', name: /^attention_mask$/, dtype: /^(int(32|64)|float32)$/ },
  { role: 'types', name: /^token_type_ids$/, dtype: /^int(32|64)$/ },
  { role: 'positions', name: /^position_ids$/, dtype: /^int(32|64)$/ },
];

/** A vector of the whole text goes before vectors of tokens; scores of classes or words are neither. */
const OUTPUTS = ['sentence_embedding', 'text_embeds', 'last_hidden_state', 'token_embeddings'] as const;

/** The model as an encoder of text; null where an input has no known role, a state is kept, or no output is of vectors. */
export function encoderIo({
  inputs,
  outputs,
  states = [],
}: {
  readonly inputs: readonly BoundaryTensor[];
  readonly outputs: readonly BoundaryTensor[];
  readonly states?: readonly StateSlot[];
}): EncoderIo | null {
  const known = inputs.flatMap((input): EncoderInput[] => {
    const found = ROLES.find(({ name, dtype }) => name.test(input.name) && dtype.test(input.dtype));
    return found ? [{ ...input, role: found.role }] : [];
  });
  const hasIds = known.some(({ role }) => role === 'ids');
  if (!hasIds || known.length < inputs.length || states.length > 0) return null;
  const wanted = OUTPUTS.find((name) => outputs.some((output) => output.name === name));
  const output = outputs.findIndex(({ name }) => name === wanted);
  const { dtype = '', dims = null } = outputs[output] ?? {};
  if (!/^float(16|32)$/.test(dtype) || (dims && dims.length !== 2 && dims.length !== 3)) return null;
  return { inputs: known, output };
}
