import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelFormatError } from '../errors.ts';
import { appendVarints, fieldsOf, readVarint } from './protobuf.ts';
import { bytesField, concat, textField, varintField } from './protobuf-writer.ts';

const list = (bytes: Uint8Array<ArrayBuffer>): { number: number; value: number; body: number[] }[] =>
  [...fieldsOf(bytes)].map(({ number, value, body }) => ({ number, value, body: [...body] }));

describe('protobuf', () => {
  it('reads back every field that it writes', () => {
    const field = fc.record({
      number: fc.integer({ min: 1, max: 2 ** 29 - 1 }),
      content: fc.oneof(fc.maxSafeNat(), fc.uint8Array({ maxLength: 300 })),
    });
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        const bytes = concat(
          fields.map(({ number, content }) =>
            typeof content === 'number' ? varintField(number, content) : bytesField(number, content),
          ),
        );
        const expected = fields.map(({ number, content }) =>
          typeof content === 'number'
            ? { number, value: content, body: [] }
            : { number, value: 0, body: [...content] },
        );
        expect(list(bytes)).toEqual(expected);
        expect(concat([...fieldsOf(bytes)].map(({ raw }) => raw))).toEqual(bytes);
      }),
      { seed: 1 },
    );
  });

  it('reads ten-byte varints as signed', () => {
    expect(readVarint(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255, 1), 0)).toEqual({
      value: -1,
      next: 10,
    });
    expect(readVarint(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0), 0)).toEqual({ value: 0, next: 1 });
    const least = Uint8Array.of(128, 128, 128, 128, 128, 128, 128, 128, 128, 1);
    expect(readVarint(least, 0).value).toBe(-(2 ** 63));
  });

  it('reads packed and unpacked integers alike', () => {
    const values: number[] = [];
    const packed = bytesField(1, Uint8Array.of(3, 172, 2));
    for (const field of fieldsOf(concat([packed, varintField(1, 7)]))) appendVarints(values, field);
    expect(values).toEqual([3, 300, 7]);
  });

  it.each([
    ['a length past the end', Uint8Array.of(10, 5, 1, 2)],
    ['a varint that never ends', new Uint8Array(12).fill(255)],
    ['a varint cut short', Uint8Array.of(8, 128)],
    ['a group', Uint8Array.of(11)],
    ['field number zero', Uint8Array.of(0, 0)],
    ['a negative length', Uint8Array.of(10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1)],
    ['a fixed field cut short', Uint8Array.of(13, 1, 2)],
  ])('refuses %s', (_, bytes) => {
    expect(() => list(bytes)).toThrow(ModelFormatError);
  });

  it('never fails otherwise on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          list(new Uint8Array(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(ModelFormatError);
        }
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  it('refuses to write what is no natural number', () => {
    expect(() => varintField(1, -1)).toThrow(RangeError);
    expect(() => varintField(1, 2 ** 60)).toThrow(RangeError);
    expect(list(textField(1, 'é'))).toEqual([{ number: 1, value: 0, body: [195, 169] }]);
  });
});
