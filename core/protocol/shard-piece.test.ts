import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../errors.ts';
import type { Epoch } from '../ids.ts';
import { decodeShardPiece, encodeShardPiece } from './shard-piece.ts';

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

test('a piece comes back as it went, beyond 4 GiB too', () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const piece = { epoch: 0xffff_fff0 as Epoch, part: 'weights', offset: 5 * 2 ** 32 + 7, bytes } as const;
  expect(decodeShardPiece(joined(encodeShardPiece(piece)))).toEqual(piece);
});

test('the bytes of a piece are not copied on the way out', () => {
  const bytes = new Uint8Array(64);
  const parts = encodeShardPiece({ epoch: 1 as Epoch, part: 'model', offset: 0, bytes });
  expect(parts[1]?.buffer).toBe(bytes.buffer);
});

test.each([
  ['shorter than the header', new Uint8Array(23)],
  ['without a byte', new Uint8Array(24)],
  ['of an unknown part', new Uint8Array(25).fill(2, 0, 1)],
  ['at an offset no number can hold', new Uint8Array(25).fill(255, 8, 16)],
])('a piece %s is refused', (_, message) => {
  expect(() => decodeShardPiece(message)).toThrow(ProtocolError);
});

test('foreign bytes never throw anything but ProtocolError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        decodeShardPiece(new Uint8Array(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
  );
});
