import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DTYPES, elementBytes } from '../../../core/tensor/dtype.ts';
import { halfToNumber } from '../../../core/tensor/half.ts';
import type { Tensor } from '../../../core/tensor/tensor.ts';
import { toHalf } from './half-bits.ts';
import { readNpy, writeNpy } from './npy.ts';
import { toBytes, toNumbers } from './number-bytes.ts';
import { readSafeTensors, TensorFormatError, writeSafeTensors } from './safetensors.ts';

const tensors = fc
  .tuple(fc.constantFrom(...DTYPES.map(({ name }) => name)), fc.array(fc.nat(4), { maxLength: 4 }))
  .chain(([dtype, dims]) => {
    const size = elementBytes(dtype) * dims.reduce((product, dim) => product * dim, 1);
    return fc
      .uint8Array({ minLength: size, maxLength: size })
      .map((bytes): Tensor => ({ dtype, dims, data: Uint8Array.from(bytes) }));
  });
const names = fc.string({ minLength: 1, unit: 'grapheme' }).filter((name) => name !== '__metadata__');

/** Whatever breaks a file, reading it ends with an error of ours or with tensors. */
function survives(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  try {
    read(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(TensorFormatError);
  }
}
const broken = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  if (copy.length > 0) copy[at % copy.length] = value;
  return copy;
};

describe('safetensors', () => {
  test('what is written is read again', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(names, tensors), { selector: ([name]) => name, maxLength: 5 }),
        (list) => {
          const given = new Map(list);
          const { tensors: read, metadata } = readSafeTensors(writeSafeTensors(given, { model: 'a' }));
          expect(new Map([...read].sort())).toEqual(new Map([...given].sort()));
          expect(metadata).toEqual({ model: 'a' });
        },
      ),
    );
  });

  test('a file of other programs, byte by byte', () => {
    const header = '{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
    const bytes = Buffer.concat([
      Buffer.from([header.length, 0, 0, 0, 0, 0, 0, 0]),
      Buffer.from(header),
      Buffer.from(Float32Array.of(1.5, -2).buffer),
    ]);
    const { tensors: read } = readSafeTensors(bytes);
    expect(read.get('x')).toMatchObject({ dtype: 'float32', dims: [2] });
    expect(toNumbers(read.get('x') as Tensor)).toEqual([1.5, -2]);
  });

  test.each([
    [
      'overlapping data',
      '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
      3,
    ],
    ['a hole', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', 2],
    ['more than there is', '{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}', 3],
    ['another size than the shape says', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,3]}}', 3],
    ['an overflowing shape', '{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}', 4],
    ['a negative size', '{"a":{"dtype":"U8","shape":[-1,-1],"data_offsets":[0,1]}}', 1],
    ['bytes of nobody', '{}', 1],
    ['an unknown type', '{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}', 2],
    ['a list', '[]', 0],
  ])('%s is refused', (_, header, data) => {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(header.length);
    const bytes = Buffer.concat([head, Buffer.from(header), Buffer.alloc(data)]);
    expect(() => readSafeTensors(bytes)).toThrow(TensorFormatError);
  });

  test('damage anywhere never reads past the end', () => {
    const file = writeSafeTensors(
      new Map([['a', { dtype: 'uint8', dims: [3], data: Uint8Array.of(1, 2, 3) }]]),
    );
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), (at, value) => survives(readSafeTensors, broken(file, at, value))),
    );
    for (let size = 0; size < file.length; size++)
      expect(() => readSafeTensors(file.subarray(0, size))).toThrow();
  });
});

describe('npy', () => {
  test('what is written is read again', () => {
    const same = (tensor: Tensor): void => expect(readNpy(writeNpy(tensor))).toEqual(tensor);
    fc.assert(fc.property(tensors, (tensor) => void same(tensor)));
  });

  test('a file of NumPy, byte by byte', () => {
    const header = "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }".padEnd(117);
    const bytes = Buffer.concat([
      Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'),
      Buffer.from(`${header}\n`),
      Buffer.from(Int32Array.of(7, -8).buffer),
    ]);
    expect(toNumbers(readNpy(bytes))).toEqual([7, -8]);
    expect(Buffer.from(writeNpy(readNpy(bytes)))).toEqual(bytes);
  });

  test.each([
    ['big-endian', "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }"],
    ['in the order of Fortran', "{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }"],
    ['objects', "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"],
    ['of another size', "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"],
    ['not an array', 'print(1)'],
  ])('%s is refused', (_, header) => {
    const head = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
    head.writeUInt16LE(header.length, 8);
    const bytes = Buffer.concat([head, Buffer.from(header), Buffer.alloc(4)]);
    expect(() => readNpy(bytes)).toThrow(TensorFormatError);
  });

  test('damage anywhere never reads past the end', () => {
    const file = writeNpy({ dtype: 'uint8', dims: [3], data: Uint8Array.of(1, 2, 3) });
    fc.assert(fc.property(fc.nat(), fc.nat(255), (at, value) => survives(readNpy, broken(file, at, value))));
    for (let size = 0; size < file.length; size++) expect(() => readNpy(file.subarray(0, size))).toThrow();
  });
});

describe('numbers in JSON', () => {
  test('every element comes back as it was, through JSON', () => {
    fc.assert(
      fc.property(tensors, (given) => {
        // Any byte but 0 is true, and NaN has many forms: bits are compared where they must be the same.
        const data = given.dtype === 'bool' ? given.data.map((byte) => byte & 1) : given.data;
        const tensor = { ...given, data };
        const numbers = JSON.parse(JSON.stringify(toNumbers(tensor)));
        const again = { ...tensor, data: toBytes(tensor.dtype, numbers) };
        if (!numbers.includes('NaN')) expect(again.data).toEqual(data);
        expect(toNumbers(again)).toEqual(toNumbers(tensor));
      }),
    );
  });

  test.each([
    ['uint8', 256],
    ['uint8', -1],
    ['int8', 1.5],
    ['int32', 2 ** 31],
    ['int64', 2 ** 60],
    ['int64', '9223372036854775808'],
    ['uint64', '-1'],
    ['float32', 'one'],
    ['float32', null],
    ['bool', 2],
  ] as const)('%s has no %s', (dtype, value) => {
    expect(() => toBytes(dtype, [0, value as never])).toThrow(`data[1] is no ${dtype}`);
  });

  test('half precision takes the nearest number, and of two the even one', () => {
    for (let bits = 0; bits < 0x7c00; bits++) expect(toHalf(halfToNumber(bits))).toBe(bits);
    expect(toHalf(-1.5)).toBe(0xbe00);
    expect(toHalf(1 + 2 ** -11)).toBe(0x3c00);
    expect(toHalf(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(toHalf(65519.9)).toBe(0x7bff);
    expect(toHalf(65520)).toBe(0x7c00);
    expect(toHalf(2 ** -25)).toBe(0);
    expect(toHalf(2 ** -25 * 1.01)).toBe(1);
    expect(toHalf(0.99999)).toBe(0x3c00);
  });
});
