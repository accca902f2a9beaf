import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { softmax, softmaxIfLogits, topK } from './top-k.ts';

const scores = fc
  .array(fc.float({ min: -80, max: 80, noNaN: true }), { minLength: 2, maxLength: 50 })
  .map((values) => Float32Array.from(values));

describe('topK', () => {
  test('gives the best first and equal values in order of index', () => {
    expect(topK([1, 3, 2, 3], 3)).toEqual([
      { index: 1, value: 3 },
      { index: 3, value: 3 },
      { index: 2, value: 2 },
    ]);
  });

  test('leaves NaN out and gives no more than there are', () => {
    expect(topK([Number.NaN, 1], 5)).toEqual([{ index: 1, value: 1 }]);
  });

  test('leaves out nothing larger than what it gives', () => {
    fc.assert(
      fc.property(scores, fc.integer({ min: 1, max: 10 }), (values, k) => {
        const top = topK(values, k);
        const worst = top.at(-1)?.value ?? 0;
        const chosen = new Set(top.map(({ index }) => index));
        values.forEach((value, index) => {
          if (!chosen.has(index)) expect(value).toBeLessThanOrEqual(worst);
        });
      }),
    );
  });
});

describe('softmax', () => {
  test('adds up to 1 and keeps the order, however large the scores', () => {
    fc.assert(
      fc.property(scores, (values) => {
        const probabilities = softmax(values);
        expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 4);
        expect(probabilities[topK(values, 1)[0]?.index ?? -1]).toBe(Math.max(...probabilities));
      }),
    );
    expect(softmax(Float32Array.of(5000, 5000))).toEqual(Float32Array.of(0.5, 0.5));
  });

  test('is not applied twice', () => {
    const probabilities = softmax(Float32Array.of(1, 2, 3));
    expect(softmaxIfLogits(probabilities)).toBe(probabilities);
    expect(softmaxIfLogits(Float32Array.of(0.2, 0.3))).not.toEqual(Float32Array.of(0.2, 0.3));
  });
});
