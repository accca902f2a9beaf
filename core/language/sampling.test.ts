import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseToken, GREEDY, likeliest, type SamplingOptions } from './sampling.ts';

const options = (change: Partial<SamplingOptions>): SamplingOptions => ({ ...GREEDY, ...change });
/** Log probabilities, so that the softmax gives these back. */
const scores = Float32Array.from([0.5, 0.25, 0.15, 0.1], Math.log);
const shares = (with_: SamplingOptions, draws = 4000): number[] => {
  const counts = Array<number>(scores.length).fill(0);
  for (let position = 0; position < draws; position++) {
    const token = chooseToken(scores, with_, [], position);
    counts[token] = (counts[token] ?? 0) + 1;
  }
  return counts.map((count) => count / draws);
};

describe('chooseToken', () => {
  it('takes the likeliest without temperature, the first of equals, never what is not a number', () => {
    expect(chooseToken(scores, GREEDY, [], 0)).toBe(0);
    expect(likeliest(Float32Array.of(Number.NaN, 1, 3, 3, Number.NaN))).toBe(2);
    expect(chooseToken(Float32Array.of(Number.NaN, 1, Number.NaN), options({ temperature: 1 }), [], 7)).toBe(
      1,
    );
  });

  it('draws by the probabilities of the model at temperature 1, flatter above, steeper below', () => {
    shares(options({ temperature: 1 })).forEach((share, token) => {
      expect(share).toBeCloseTo([0.5, 0.25, 0.15, 0.1][token] ?? 0, 1);
    });
    expect(shares(options({ temperature: 3 }))[0]).toBeLessThan(0.4);
    expect(shares(options({ temperature: 0.5 }))[0]).toBeGreaterThan(0.6);
  });

  it('keeps to the k likeliest, and to those that together have the share asked for', () => {
    expect(shares(options({ temperature: 1, topK: 2 })).slice(2)).toEqual([0, 0]);
    expect(shares(options({ temperature: 1, topP: 0.7 })).slice(2)).toEqual([0, 0]);
    expect(shares(options({ temperature: 1, topP: 0.76 }))[2]).toBeGreaterThan(0);
    expect(shares(options({ temperature: 1, topP: 0.76 }))[3]).toBe(0);
    // Of the two likeliest the first has two thirds.
    expect(shares(options({ temperature: 1, topK: 2, topP: 0.6 }))).toEqual([1, 0, 0, 0]);
    expect(shares(options({ temperature: 1, topP: 0 }))).toEqual([1, 0, 0, 0]);
  });

  it('makes what was there less likely, whatever the sign of its score', () => {
    const row = Float32Array.of(2, 1.9, -1, -1.1);
    expect(chooseToken(row, options({ repetitionPenalty: 1.2 }), [0], 0)).toBe(1);
    expect(chooseToken(row.slice(2), options({ repetitionPenalty: 1.2 }), [0], 0)).toBe(1);
    expect([...row].map((x) => Math.fround(x))).toEqual([2, 1.9, -1, -1.1].map(Math.fround));
  });

  it('depends on seed and position alone', () => {
    const drawing = options({ temperature: 1.5, seed: 11 });
    const text = (seed: number) =>
      Array.from({ length: 40 }, (_, at) => chooseToken(scores, { ...drawing, seed }, [], at)).join('');
    expect(text(11)).toBe(text(11));
    expect(text(11)).not.toBe(text(12));
  });

  it('is one of those that the plain definition allows, for any row and options', () => {
    // In eighths: scores that differ also differ in what they weigh.
    const score = fc.integer({ min: -240, max: 240 }).map((eighths) => eighths / 8);
    const row = fc.array(score, { minLength: 1, maxLength: 60 });
    const any = fc.record({
      temperature: fc.double({ min: 0.05, max: 4, noNaN: true }),
      topK: fc.nat(70),
      topP: fc.double({ min: 0, max: 1, noNaN: true }),
      repetitionPenalty: fc.constant(1),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(row, any, fc.nat(1000), (given, with_, position) => {
        const token = chooseToken(Float32Array.from(given), with_, [], position);
        expect(allowed(Float32Array.from(given), with_)).toContain(token);
      }),
      { seed: 3, numRuns: 500 },
    );
  });
});

/** By sorting everything: softmax, the k first, then those before which less than `topP` has been reached. */
function allowed(row: Float32Array, { temperature, topK, topP }: SamplingOptions): number[] {
  const most = Math.max(...row);
  const powers = [...row].map((score, token) => ({ token, weight: Math.exp((score - most) / temperature) }));
  const sorted = powers.sort((a, b) => b.weight - a.weight || a.token - b.token);
  const kept = topK > 0 ? sorted.slice(0, topK) : sorted;
  const total = kept.reduce((sum, { weight }) => sum + weight, 0);
  let sum = 0;
  return kept.flatMap(({ token, weight }) => {
    const isIn = sum < topP * total + 1e-9 || sum === 0;
    sum += weight;
    return isIn ? [token] : [];
  });
}
