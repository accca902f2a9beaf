import type { Tensor } from '../../core/tensor/tensor.ts';

export interface Summary {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** The first few values. */
  readonly first: readonly number[];
}

const FIRST = 6;

/** Range, mean and first values of a tensor of any type. Not-a-number counts for nothing in the range. */
export function summarise(tensor: Tensor): Summary {
  const read = reader(tensor);
  let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  const first: number[] = [];
  for (let i = 0; i < read.length; i++) {
    const value = read.at(i);
    if (i < FIRST) first.push(value);
    if (Number.isNaN(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    count++;
  }
  return count > 0
    ? { min, max, mean: sum / count, first }
    : { min: Number.NaN, max: Number.NaN, mean: Number.NaN, first };
}

function reader({ dtype, data }: Tensor): { readonly length: number; at(i: number): number } {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const each = (bytes: number, at: (offset: number) => number) => ({
    length: Math.floor(data.byteLength / bytes),
    at: (i: number): number => at(i * bytes),
  });
  switch (dtype) {
    case 'float32':
      return each(4, (offset) => view.getFloat32(offset, true));
    case 'float64':
      return each(8, (offset) => view.getFloat64(offset, true));
    case 'float16':
      return each(2, (offset) => fromHalf(view.getUint16(offset, true)));
    case 'int8':
      return each(1, (offset) => view.getInt8(offset));
    case 'uint8':
    case 'bool':
      return each(1, (offset) => view.getUint8(offset));
    case 'int16':
      return each(2, (offset) => view.getInt16(offset, true));
    case 'uint16':
      return each(2, (offset) => view.getUint16(offset, true));
    case 'int32':
      return each(4, (offset) => view.getInt32(offset, true));
    case 'uint32':
      return each(4, (offset) => view.getUint32(offset, true));
    case 'int64':
      return each(8, (offset) => Number(view.getBigInt64(offset, true)));
    case 'uint64':
      return each(8, (offset) => Number(view.getBigUint64(offset, true)));
  }
}

/** IEEE 754 half precision; DataView.getFloat16 is too new to rely on. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
