import type { Dtype } from '../../../core/tensor/dtype.ts';
import { halfToNumber } from '../../../core/tensor/half.ts';
import { elementCount, type Tensor, tensorBytes } from '../../../core/tensor/tensor.ts';
import { toHalf } from './half-bits.ts';

/** A number as JSON carries it: texts stand for what JSON has no numbers for, such as "NaN" and integers past 2^53. */
export type JsonNumber = number | string | boolean;

interface Codec {
  readonly bytes: number;
  /** @throws RangeError, SyntaxError for a value that the type does not have */
  write(view: DataView, at: number, value: JsonNumber): void;
  read(view: DataView, at: number): JsonNumber;
}

const CODECS: Readonly<Record<Dtype, Codec>> = {
  float32: float(
    4,
    (view, at, value) => view.setFloat32(at, value, true),
    (view, at) => view.getFloat32(at, true),
  ),
  float64: float(
    8,
    (view, at, value) => view.setFloat64(at, value, true),
    (view, at) => view.getFloat64(at, true),
  ),
  float16: float(
    2,
    (view, at, value) => view.setUint16(at, toHalf(value), true),
    (view, at) => halfToNumber(view.getUint16(at, true)),
  ),
  uint8: integer(1, 0, 2 ** 8 - 1),
  int8: integer(1, -(2 ** 7), 2 ** 7 - 1),
  uint16: integer(2, 0, 2 ** 16 - 1),
  int16: integer(2, -(2 ** 15), 2 ** 15 - 1),
  uint32: integer(4, 0, 2 ** 32 - 1),
  int32: integer(4, -(2 ** 31), 2 ** 31 - 1),
  int64: long(-(2n ** 63n), 2n ** 63n - 1n),
  uint64: long(0n, 2n ** 64n - 1n),
  bool: {
    bytes: 1,
    write: (view, at, value) => {
      if (![true, false, 0, 1].includes(value as number)) throw new RangeError('true or false');
      view.setUint8(at, Number(value));
    },
    read: (view, at) => view.getUint8(at) !== 0,
  },
};

/** Little-endian elements. @throws RangeError that names the first value which the type does not have */
export function toBytes(dtype: Dtype, values: readonly JsonNumber[]): Uint8Array<ArrayBuffer> {
  const { bytes, write } = CODECS[dtype];
  const data = new Uint8Array(tensorBytes(dtype, [values.length]));
  const view = new DataView(data.buffer);
  for (const [index, value] of values.entries()) {
    try {
      write(view, index * bytes, value);
    } catch {
      throw new RangeError(`data[${index}] is no ${dtype}`);
    }
  }
  return data;
}

export function toNumbers({ dtype, dims, data }: Tensor): JsonNumber[] {
  const { bytes, read } = CODECS[dtype];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: elementCount(dims) }, (_, index) => read(view, index * bytes));
}

const SPECIAL = new Set(['NaN', 'Infinity', '-Infinity']);

function float(
  bytes: number,
  write: (view: DataView, at: number, value: number) => void,
  read: (view: DataView, at: number) => number,
): Codec {
  return {
    bytes,
    write: (view, at, value) => {
      if (typeof value !== 'number' && !SPECIAL.has(String(value))) throw new RangeError('a number');
      write(view, at, Number(value));
    },
    read: (view, at) => {
      const value = read(view, at);
      return Number.isFinite(value) ? value : String(value);
    },
  };
}

function integer(bytes: number, least: number, most: number): Codec {
  const kind = `${least < 0 ? 'Int' : 'Uint'}${bytes * 8}` as
    | 'Int8'
    | 'Uint8'
    | 'Int16'
    | 'Uint16'
    | 'Int32'
    | 'Uint32';
  return {
    bytes,
    write: (view, at, value) => {
      const isRight = Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
      if (!isRight) throw new RangeError('an integer');
      view[`set${kind}`](at, value as number, true);
    },
    read: (view, at) => view[`get${kind}`](at, true),
  };
}

function long(least: bigint, most: bigint): Codec {
  return {
    bytes: 8,
    write: (view, at, value) => {
      const isText = typeof value === 'string' && /^-?\d{1,20}$/.test(value);
      if (!isText && !Number.isSafeInteger(value)) throw new RangeError('an integer');
      const number = BigInt(value);
      if (number < least || number > most) throw new RangeError('an integer');
      view.setBigUint64(at, BigInt.asUintN(64, number), true);
    },
    read: (view, at) => {
      const number = least < 0n ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
      const short = Number(number);
      return Number.isSafeInteger(short) ? short : String(number);
    },
  };
}
