import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DTYPES } from '../tensor/dtype.ts';
import { bytesField, concat, varintField } from './protobuf-writer.ts';
import { decodeTensor, encodeTensor } from './tensor-proto.ts';

it('reads back every tensor that it writes', () => {
  const any = fc.tuple(fc.constantFrom(...DTYPES), fc.array(fc.nat(4), { maxLength: 3 }), fc.nat(255));
  fc.assert(
    fc.property(any, ([{ name, bytes }, dims, fill]) => {
      const count = dims.reduce((product, dim) => product * dim, 1);
      const tensor = { dtype: name, dims, data: new Uint8Array(count * bytes).fill(fill) };
      const decoded = decodeTensor(encodeTensor('t', tensor));
      expect(decoded.name).toBe('t');
      expect({ ...decoded.tensor, data: [...decoded.tensor.data] }).toEqual({
        ...tensor,
        data: [...tensor.data],
      });
    }),
    { seed: 5 },
  );
});

const typed = (code: number, field: Uint8Array): Uint8Array<ArrayBuffer> =>
  concat([varintField(1, 2), varintField(2, code), field]);

it('reads values from the field of their type', () => {
  const float = typed(1, bytesField(4, new Uint8Array(Float32Array.of(1.5, -2).buffer)));
  expect([...new Float32Array(decodeTensor(float).tensor.data.slice().buffer)]).toEqual([1.5, -2]);
  const long = typed(7, bytesField(7, Uint8Array.of(3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1)));
  expect([...new BigInt64Array(decodeTensor(long).tensor.data.buffer)]).toEqual([3n, -1n]);
  const bool = typed(9, bytesField(5, Uint8Array.of(1, 0)));
  expect([...decodeTensor(bool).tensor.data]).toEqual([1, 0]);
});

it('refuses strings and values that do not fill the shape', () => {
  expect(() => decodeTensor(typed(8, bytesField(6, Uint8Array.of(65))))).toThrow('element type 8');
  expect(() => decodeTensor(typed(7, bytesField(7, Uint8Array.of(3))))).toThrow(
    expect.objectContaining({ name: 'InputError' }),
  );
});
