import { initialStates } from '../../../core/graph/initial-states.ts';
import { decoderFeeds } from '../../../core/language/decoder-feeds.ts';
import { decoderIo } from '../../../core/language/decoder-io.ts';
import { pickTokens } from '../../../core/language/pick-tokens.ts';
import type { SamplingOptions } from '../../../core/language/sampling.ts';
import type { ModelCard } from '../../../core/session/state.ts';
import { type Tensor, tensor, tensorBytes } from '../../../core/tensor/tensor.ts';
import type { Reference } from './reference.types.ts';

/** What the whole model is to write. */
export interface WholeText {
  readonly card: Pick<ModelCard, 'inputs' | 'outputs' | 'states' | 'dims'>;
  readonly promptIds: readonly number[];
  readonly maxNewTokens: number;
  readonly sampling: SamplingOptions;
  readonly stopTokens: readonly number[];
}

export interface WrittenWhole {
  /** Without the prompt. */
  readonly ids: readonly number[];
  readonly firstMs: number;
  /** After the first token; 0 where there was no second. */
  readonly tokensPerSec: number;
}

/** Writes with the uncut model: the prompt in one run, then token by token; its past goes round through this page. */
export async function writeWhole(
  run: Reference['run'],
  { card, promptIds, maxNewTokens, sampling, stopTokens }: WholeText,
): Promise<WrittenWhole> {
  const io = decoderIo(card);
  if (!io) throw new Error('This model does not write.');
  const states = (card.states ?? []).map((slot) => ({ ...slot, block: 0 }));
  const past = new Map<string, Tensor>();
  const dtypes = new Map(card.inputs.map(({ name, dtype }) => [name, dtype]));
  for (const { input, initial } of initialStates(card.inputs, states, card.dims)) {
    const dtype = dtypes.get(input) ?? 'float32';
    past.set(input, tensor(dtype, initial, new Uint8Array(tensorBytes(dtype, initial))));
  }
  const ids: number[] = [];
  let fresh = promptIds;
  let keep = 0;
  const startedAt = performance.now();
  let [firstAt, lastAt] = [startedAt, startedAt];
  while (ids.length < maxNewTokens) {
    const fed = decoderFeeds(io, fresh, keep, 1);
    const feeds = Object.fromEntries(io.inputs.flatMap(({ name }, at) => (fed[at] ? [[name, fed[at]]] : [])));
    const { outputs } = await run({ ...feeds, ...Object.fromEntries(past) });
    const scores = outputs[io.scores.name];
    if (!scores) throw new Error('The model gave no scores.');
    const before = sampling.repetitionPenalty === 1 ? [] : [...promptIds, ...ids];
    const decode = { from: 0, keep, count: fresh.length, picks: 1, before, sampling };
    const [token = 0] = new Int32Array(pickTokens(scores, decode).data.buffer);
    if (stopTokens.includes(token)) break;
    ids.push(token);
    lastAt = performance.now();
    if (ids.length === 1) firstAt = lastAt;
    for (const { input, output } of states) {
      const state = outputs[output];
      if (state) past.set(input, state);
    }
    keep += fresh.length;
    fresh = [token];
  }
  const tokensPerSec = ids.length > 1 ? ((ids.length - 1) * 1000) / (lastAt - firstAt) : 0;
  return { ids, firstMs: firstAt - startedAt, tokensPerSec };
}
