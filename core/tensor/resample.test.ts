import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resample } from './resample.ts';

/** The picture that `numpy` and Pillow were given for the recorded hashes below. */
function pattern(width: number, height: number): Uint8Array {
  return Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => i * 7919 + 104729 + Math.floor(i / 37) * 31,
  );
}

describe('resample', () => {
  test.each([
    [7, 5, 3, 4, 'a6e3d4a9df0c18c9f930e7efe050946fc998cbdd0d9433b04f985e48ee469c6b'],
    [3, 4, 7, 9, 'b9880bc1be417da5c21d975c4694bf169f634b320e977da9e294adbd5a16d065'],
    [13, 11, 13, 5, '3acc6756f010954b569f8e69c10145a01a280066e0dc9deda92ba47d1bc38dc9'],
    [224, 200, 32, 28, 'ca5211e3892779b1306aaad070f5aed756ed389b56fc43c88824fd9497973624'],
    [301, 517, 227, 224, 'dc294e9e6770122296669a5dfdaef5179439da600ea2179fe012cf5e4e89fd83'],
  ])(
    '%ix%i to %ix%i is what Pillow’s BILINEAR gives, bit for bit',
    (width, height, toWidth, toHeight, hash) => {
      const to = { width: toWidth, height: toHeight };
      const result = resample(pattern(width, height), { width, height }, to, 3);
      expect(createHash('sha256').update(result).digest('hex')).toBe(hash);
    },
  );

  const side = fc.integer({ min: 1, max: 40 });

  test('leaves a picture of the right size as it is', () => {
    fc.assert(
      fc.property(side, side, (width, height) => {
        const pixels = pattern(width, height);
        const same = resample(pixels, { width, height }, { width, height }, 3);
        expect(Buffer.compare(same, pixels)).toBe(0);
      }),
    );
  });

  test('keeps an even colour even, at any size', () => {
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        fc.integer({ min: 0, max: 255 }),
        (width, height, toWidth, toHeight, level) => {
          const flat = new Uint8Array(width * height).fill(level);
          const result = resample(flat, { width, height }, { width: toWidth, height: toHeight }, 1);
          expect(new Set(result)).toEqual(new Set([level]));
        },
      ),
    );
  });
});
