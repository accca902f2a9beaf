import type { KeptState } from './kept-states.ts';
import type { BoundaryTensor } from './shard.types.ts';

/** A kept state whose shape before the first run is known, so that its device can begin a sequence by itself. */
export interface InitialState extends KeptState {
  /** Filled with zeros; a cache of the past has a size 0. */
  readonly initial: readonly number[];
}

/** States that grow with each run: an open size of theirs may be the length of the past, which begins at 0. */
const GROWING = /past|cache|kv/i;

/**
 * The kept states that can begin from zeros: a size named after the past is 0, others come from `dims` by name, and
 * one that is still open is taken for the batch, 1, except where it might be the length of a cache: such a state is
 * left out, and travels like any other tensor.
 */
export function initialStates(
  inputs: readonly BoundaryTensor[],
  states: readonly KeptState[],
  dims: Readonly<Record<string, number>>,
): InitialState[] {
  const byName = new Map(inputs.map((input) => [input.name, input]));
  return states.flatMap((state) => {
    const sizes = byName.get(state.input)?.dims?.map((dim, axis) => sizeOf(dim, axis, state.input, dims));
    const initial = sizes?.filter((size) => size !== undefined);
    return initial && initial.length === sizes?.length ? [{ ...state, initial }] : [];
  });
}

function sizeOf(
  dim: number | string | null,
  axis: number,
  input: string,
  dims: Readonly<Record<string, number>>,
): number | undefined {
  if (typeof dim === 'number') return dim;
  if (dim !== null && /past/i.test(dim)) return 0;
  if (dim !== null && Object.hasOwn(dims, dim)) return dims[dim];
  const batch = axis === 0 || /batch|beam/i.test(dim ?? '');
  return batch || !GROWING.test(input) ? 1 : undefined;
}
