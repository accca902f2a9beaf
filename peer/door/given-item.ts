import { fitting, refuseUnknown } from '../../core/graph/given-inputs.ts';
import { concreteDims } from '../../core/graph/sample-inputs.ts';
import type { ModelCard } from '../../core/session/state.ts';
import { type Tensor, tensorBytes } from '../../core/tensor/tensor.ts';
import type { Feeds } from './parse-run.ts';

/**
 * The inputs of one run in the order of the graph. Kept states, such as a past, may be left out: they begin from zeros,
 * as in a sequence. @throws InputError for an input that is unknown, missing, or of another type or shape
 */
export function givenItem({ inputs, states = [], dims, guess }: ModelCard, feeds: Feeds): readonly Tensor[] {
  refuseUnknown(feeds, inputs);
  const kept = new Set(states.map(({ input }) => input));
  return inputs.map((input) => {
    const own = Object.hasOwn(feeds, input.name) ? feeds[input.name] : undefined;
    if (own || !kept.has(input.name)) return fitting(own, input);
    const shape = concreteDims(input, dims, guess);
    return { dtype: input.dtype, dims: shape, data: new Uint8Array(tensorBytes(input.dtype, shape)) };
  });
}
