import { elementBytes } from './dtype.ts';
import { elementCount, type Tensor } from './tensor.ts';

/** At which end what is shorter is filled up. */
export type PadSide = 'left' | 'right';

/** Tensors of different sizes along one axis are filled up with zeros to `length`. */
export interface Fill {
  readonly axis: number;
  readonly length: number;
  readonly side: PadSide;
}

/**
 * Tensors one below the other along axis 0, in bytes of their own. With `fill` they may differ along its axis; a null
 * is all zeros. They are alike in all else, and one of them is there.
 */
export function joinRows(rows: readonly (Tensor | null)[], fill: Fill | null): Tensor {
  const like = rows.find((row) => row !== null);
  if (!like) throw new RangeError('no row to join');
  const { dtype } = like;
  const dims = like.dims.map((size, axis) => (axis === fill?.axis ? fill.length : size));
  const rowBytes = elementCount(dims) * elementBytes(dtype);
  const data = new Uint8Array(rows.length * rowBytes);
  for (const [at, row] of rows.entries()) {
    if (row) place(row, data.subarray(at * rowBytes, (at + 1) * rowBytes), fill);
  }
  return { dtype, dims: [rows.length * (dims[0] ?? 1), ...dims.slice(1)], data };
}

/** Row `at` of `count` joined ones without what filled it up to `fill`, in bytes of its own. */
export function rowOf(joined: Tensor, at: number, count: number, own: Fill | null): Tensor {
  const { dtype, data } = joined;
  const bytes = data.byteLength / count;
  const dims = [(joined.dims[0] ?? count) / count, ...joined.dims.slice(1)];
  const row: Tensor = { dtype, dims, data: data.subarray(at * bytes, (at + 1) * bytes) };
  if (!own) return { ...row, data: row.data.slice() };
  const { axis, length, side } = own;
  const size = elementBytes(dtype) * elementCount(dims.slice(axis + 1));
  const full = (dims[axis] ?? 0) * size;
  const start = side === 'left' ? full - length * size : 0;
  const blocks = elementCount(dims.slice(0, axis));
  const kept = new Uint8Array(blocks * length * size);
  for (let block = 0; block < blocks; block++) {
    const from = block * full + start;
    kept.set(row.data.subarray(from, from + length * size), block * length * size);
  }
  return { dtype, dims: dims.map((dim, d) => (d === axis ? length : dim)), data: kept };
}

function place({ dtype, dims, data }: Tensor, into: Uint8Array, fill: Fill | null): void {
  if (!fill) {
    into.set(data);
    return;
  }
  const { axis, length, side } = fill;
  const size = elementBytes(dtype) * elementCount(dims.slice(axis + 1));
  const own = (dims[axis] ?? 0) * size;
  const start = side === 'left' ? length * size - own : 0;
  for (let block = 0; block < elementCount(dims.slice(0, axis)); block++) {
    into.set(data.subarray(block * own, (block + 1) * own), block * length * size + start);
  }
}
