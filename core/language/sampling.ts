import { seededRandom } from '../graph/seeded-random.ts';

/** How the next token is chosen from the scores of all. */
export interface SamplingOptions {
  /** 0 takes the likeliest always (greedy); 1 the model's own probabilities; more is more daring. */
  readonly temperature: number;
  /** Only so many of the likeliest tokens; 0 for all. */
  readonly topK: number;
  /** Only the likeliest tokens that together have this probability; 1 for all. */
  readonly topP: number;
  /** Over 1, tokens that were there before become less likely (CTRL, arXiv 1909.05858); 1 for none of that. */
  readonly repetitionPenalty: number;
  /** The same seed chooses the same tokens, wherever they are computed. */
  readonly seed: number;
}

export const GREEDY: SamplingOptions = {
  temperature: 0,
  topK: 0,
  topP: 1,
  repetitionPenalty: 1,
  seed: 0,
};

/**
 * The token at `position` of a text, by the scores (logits) of one row; what was there `before` counts for the penalty.
 * In the order of the transformers library: penalty, temperature, top-k, top-p. The number drawn depends on seed and
 * position alone, so that a text that is continued on another device goes on as it would have. Of equal scores the
 * lowest token counts as the likeliest; NaN as the unlikeliest.
 */
export function chooseToken(
  scores: Float32Array,
  options: SamplingOptions,
  before: Iterable<number>,
  position: number,
): number {
  const { temperature, topK, topP, repetitionPenalty, seed } = options;
  const row = repetitionPenalty === 1 ? scores : penalised(scores, new Set(before), repetitionPenalty);
  const best = likeliest(row);
  if (!(temperature > 0)) return best;
  const top = row[best] ?? 0;
  const tokens = topK > 0 && topK < row.length ? largest(row, topK) : Uint32Array.from(row.keys());
  const weights = new Float64Array(tokens.length);
  for (let at = 0; at < tokens.length; at++) {
    const weight = Math.exp(((row[tokens[at] ?? 0] ?? 0) - top) / temperature);
    weights[at] = Number.isNaN(weight) ? 0 : weight;
  }
  const candidates = nucleus(weights, topP);
  const total = candidates.reduce((sum, at) => sum + (weights[at] ?? 0), 0);
  let left = drawn(seed, position) * total;
  for (const at of candidates) {
    left -= weights[at] ?? 0;
    if (left < 0) return tokens[at] ?? best;
  }
  const last = candidates.at(-1);
  return last === undefined ? best : (tokens[last] ?? best);
}

/** The token with the largest score. */
export function likeliest(scores: Float32Array): number {
  let best = 0;
  for (let token = 1; token < scores.length; token++) {
    const score = scores[token] ?? Number.NaN;
    if (score > (scores[best] ?? Number.NaN) || Number.isNaN(scores[best])) best = token;
  }
  return best;
}

function penalised(scores: Float32Array, tokens: ReadonlySet<number>, penalty: number): Float32Array {
  const row = scores.slice();
  for (const token of tokens) {
    const score = row[token];
    if (score !== undefined) row[token] = score > 0 ? score / penalty : score * penalty;
  }
  return row;
}

/** The `most` tokens with the largest scores, largest first. One pass: nearly all of a vocabulary is below the least of them. */
function largest(scores: Float32Array, most: number): number[] {
  const kept: number[] = [];
  let least = Number.NEGATIVE_INFINITY;
  for (let token = 0; token < scores.length; token++) {
    const score = scores[token] ?? Number.NaN;
    const isLarge = kept.length < most ? !Number.isNaN(score) : score > least;
    if (!isLarge) continue;
    let [low, high] = [0, kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((scores[kept[middle] ?? 0] ?? 0) >= score) low = middle + 1;
      else high = middle;
    }
    kept.splice(low, 0, token);
    if (kept.length > most) kept.pop();
    least = scores[kept.at(-1) ?? 0] ?? least;
  }
  return kept;
}

/** Places of the likeliest first, no more than have `share` of all the weight. */
function nucleus(weights: Float64Array, share: number): number[] {
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  // All that weigh less than this make up less than what may be left out, so sorting can do without them.
  const least = ((1 - share) * all) / weights.length;
  const sorted: number[] = [];
  weights.forEach((weight, at) => {
    if (weight > 0 && weight >= least) sorted.push(at);
  });
  sorted.sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b);
  if (share >= 1) return sorted;
  let sum = 0;
  const end = sorted.findIndex((at) => {
    sum += weights[at] ?? 0;
    return sum >= share * all;
  });
  return sorted.slice(0, end < 0 ? sorted.length : end + 1);
}

/** In [0, 1). */
function drawn(seed: number, position: number): number {
  // An odd multiplier keeps positions apart for every seed (2^32 over the golden ratio).
  return seededRandom((seed ^ Math.imul(position + 1, 0x9e3779b1)) | 0)();
}
