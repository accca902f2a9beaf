import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../graph/seeded-random.ts';
import { Checksum } from './checksum.ts';

function sumOf(...parts: readonly Uint8Array<ArrayBuffer>[]): number {
  const checksum = new Checksum();
  for (const part of parts) checksum.add(part);
  return checksum.sum;
}

function bytes(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed);
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

test.each([
  ['random bytes', bytes(512, 1)],
  ['zeros', new Uint8Array(512)],
])('each single bit of %s counts', (_, message) => {
  const before = sumOf(message);
  for (let bit = 0; bit < message.length * 8; bit++) {
    const other = message.slice();
    other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(sumOf(other)).not.toBe(before);
  }
});

test('the order of words counts, neighbours and distant ones', () => {
  const words = new Uint32Array(bytes(256, 2).buffer);
  const before = sumOf(new Uint8Array(words.buffer));
  for (let a = 0; a < words.length; a++) {
    for (let b = a + 1; b < words.length; b++) {
      const other = words.slice();
      [other[a], other[b]] = [words[b] ?? 0, words[a] ?? 0];
      expect(sumOf(new Uint8Array(other.buffer))).not.toBe(before);
    }
  }
});

test('a region of zeros in place of bytes is noticed, wherever it is', () => {
  const message = bytes(1024, 3);
  const before = sumOf(message);
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 4, max: 1024 }), (from, length) => {
      expect(sumOf(message.slice().fill(0, from, from + length))).not.toBe(before);
    }),
  );
});

test('parts need not be joined nor aligned: each counts as if filled up with zeros to a multiple of 8', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), fc.nat(3), (parts, shift) => {
      const filled = parts.map((part) => {
        const whole = new Uint8Array(Math.ceil(part.length / 8) * 8);
        whole.set(part);
        return whole;
      });
      const joined = Uint8Array.from(filled.flatMap((part) => [...part]));
      const shifted = parts.map((part) => {
        const place = new Uint8Array(part.length + shift);
        place.set(part, shift);
        return place.subarray(shift);
      });
      expect(sumOf(...shifted)).toBe(sumOf(joined));
    }),
  );
});
