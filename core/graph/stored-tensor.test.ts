import { describe, expect, it } from 'vitest';
import { memorySource } from './byte-source.ts';
import { bytesField, concat, textField, varintField } from './protobuf-writer.ts';
import { ReadBudget } from './read-budget.ts';
import { externalTensor, readTensor, type StoredTensor } from './stored-tensor.ts';
import { WindowReader } from './window-reader.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const read = (proto: Bytes): Promise<StoredTensor> =>
  readTensor(new WindowReader(memorySource(proto)), 0, proto.length, new ReadBudget());

const head = (code: number, dims: readonly number[]): Bytes =>
  concat([...dims.map((dim) => varintField(1, dim)), varintField(2, code), textField(8, 'w')]);

const raw = (length: number): Bytes => bytesField(9, new Uint8Array(length));

describe('a weight of over 1 KB', () => {
  it.each([
    ['float32', 1, [30, 100], 12_000],
    ['bfloat16', 16, [30, 100], 6000],
    ['float16', 10, [3001], 6002],
    ['8-bit float', 17, [3001], 3001],
    ['int4, an odd number of them', 22, [3001], 1501],
    ['uint4', 21, [3000], 1500],
    ['float4', 23, [3001], 1501],
    ['int2', 26, [8001], 2001],
    ['complex64', 14, [200], 1600],
    ['complex128', 15, [200], 3200],
  ])('is a range of the file: %s', async (_, code, dims, size) => {
    const tensor = await read(concat([head(code, dims), raw(size)]));
    expect(tensor).toMatchObject({ name: 'w', code, dims, bytes: size });
    expect(tensor.body).toMatchObject({ file: '', length: size });
    expect(tensor.proto).toEqual(head(code, dims));
    // One byte more or less is another tensor.
    await expect(read(concat([head(code, dims), raw(size + 1)]))).rejects.toThrow(`its shape takes ${size}`);
    const elsewhere = externalTensor(head(code, dims), 'w.bin', 0, size - 1);
    await expect(read(elsewhere)).rejects.toThrow('external data');
  });

  it('is a range when its floats are packed, and where its name comes last', async () => {
    const packed = concat([varintField(1, 500), varintField(2, 1), bytesField(4, new Uint8Array(2000))]);
    const tensor = await read(concat([packed, textField(8, 'late')]));
    expect(tensor).toMatchObject({ name: 'late', body: { length: 2000, offset: packed.length - 2000 } });
  });

  it.each([
    ['integers as varints', concat([head(3, [2000]), bytesField(5, new Uint8Array(2000).fill(1))])],
    ['unpacked integers', concat([head(7, [1000]), ...Array<Bytes>(1000).fill(varintField(7, 5))])],
    ['unpacked floats', concat([head(1, [900]), ...Array<Bytes>(900).fill(Uint8Array.of(37, 0, 0, 0, 0))])],
    ['texts', concat([head(8, [400]), ...Array<Bytes>(400).fill(textField(6, 'abc'))])],
    [
      'values in two parts',
      concat([head(1, [600]), bytesField(4, new Uint8Array(1200)), bytesField(4, new Uint8Array(1200))]),
    ],
    ['complex numbers as floats', concat([head(14, [300]), bytesField(4, new Uint8Array(2400))])],
    [
      'a large and a small part',
      concat([head(1, [300]), bytesField(4, new Uint8Array(1100)), bytesField(4, new Uint8Array(100))]),
    ],
  ])('comes along as it is: %s', async (_, proto) => {
    const tensor = await read(proto);
    expect(tensor.body).toBeNull();
    expect(tensor.proto).toEqual(proto);
  });
});

describe('a weight that cannot be', () => {
  it.each([
    ['a negative size', concat([Uint8Array.of(8, ...Array(9).fill(255), 1), varintField(2, 1)])],
    ['more elements than a file can hold', head(1, [2 ** 30, 2 ** 30])],
    ['more axes than a tensor', head(1, Array(300).fill(1))],
    [
      'a packed list of millions of sizes',
      concat([bytesField(1, new Uint8Array(5_000_000).fill(1)), head(1, [])]),
    ],
    ['a name of 20 KB', concat([textField(8, 'x'.repeat(20_000)), varintField(2, 1)])],
  ])('is refused: %s', async (_, proto) => {
    await expect(read(proto)).rejects.toMatchObject({ name: 'ModelFormatError' });
  });

  it.each([
    '//host/w',
    'https://host/w',
    'blob:x',
    'a/%2e%2e/%2E%2e/w',
    ' //host/w',
    '/\t/host',
    'a\\..\\..\\w',
  ])('is refused: external data in "%s"', async (location) => {
    await expect(read(externalTensor(head(1, [4]), location, 0, 16))).rejects.toMatchObject({
      name: 'ModelFormatError',
    });
  });
});
