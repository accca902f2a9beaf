import { joinRows } from '../tensor/rows.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Batching } from './batching.ts';
import type { Decode } from './decode.ts';
import type { DecoderRole } from './decoder-io.ts';

/** One text's next word: its run reads one token and chooses one. */
export interface Step {
  readonly decode: Decode;
  /** In the order of {@link Batching.roles}. */
  readonly tensors: readonly Tensor[];
}

/** Whether it is a step that can run together with others, and is fed as one. */
export function isStep(
  { decode: { from, keep, count, picks, alone }, tensors }: Step,
  { roles }: Batching,
): boolean {
  if (alone || from !== 0 || keep === 0 || count !== 1 || picks !== 1 || tensors.length !== roles.length)
    return false;
  return roles.every((role, at) => {
    const dims = tensors[at]?.dims;
    if (role === 'mask') return dims?.length === 2 && dims[0] === 1 && dims[1] === keep + 1;
    return !isRow(role) || (dims?.length === 2 && dims[0] === 1 && dims[1] === 1);
  });
}

/** What the steps are fed as one run, each a row. */
export function joinSteps(steps: readonly Step[], { side, roles }: Batching): readonly Tensor[] {
  const length = Math.max(...steps.map(({ decode }) => decode.keep)) + 1;
  return roles.map((role, at) => {
    const rows = steps.map(({ tensors }) => tensors[at] ?? null);
    const [first] = rows;
    // What is no row of a text is the same for all of them.
    if (first && !isRow(role)) return { ...first, data: first.data.slice() };
    return joinRows(rows, role === 'mask' ? { axis: 1, length, side } : null);
  });
}

function isRow(role: DecoderRole): boolean {
  return role === 'ids' || role === 'mask' || role === 'positions';
}
