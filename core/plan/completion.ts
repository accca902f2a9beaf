import type { Terms } from './terms.ts';

/** For each device and boundary (device * (blocks + 1) + boundary): what no way from there to the result can beat. */
export interface Completion {
  /** When the activation has just arrived. */
  readonly arrived: Float64Array;
  /** When the stage before the boundary has just ended. */
  readonly done: Float64Array;
  /** Of any plan. */
  readonly least: number;
}

/**
 * Bounds by dropping "each device once": a layered shortest path, backwards. A device may hold several stages here,
 * though not two in a row. `prices` are added per stage on each device, where terms are added.
 * O(count blocks² + count² blocks).
 */
export function completionOf(terms: Terms, prices?: Float64Array): Completion {
  const { adds, count, blocks, hops, entry, exit } = terms;
  const width = blocks + 1;
  const arrived = new Float64Array(count * width).fill(Infinity);
  const done = exit.slice();
  for (let boundary = blocks - 1; boundary >= 0; boundary--) {
    for (let device = 0; device < count; device++) {
      const price = prices?.[device] ?? 0;
      arrived[device * width + boundary] = leastStage(terms, device, boundary, done) + price;
    }
    for (let from = 0; from < count; from++) {
      let least = done[from * width + boundary] ?? Infinity;
      for (let to = 0; to < count; to++) {
        const hop = hops[(boundary * count + from) * count + to] ?? Infinity;
        const after = arrived[to * width + boundary] ?? Infinity;
        const total = adds ? hop + after : Math.max(hop, after);
        if (total < least) least = total;
      }
      done[from * width + boundary] = least;
    }
  }
  let least = Infinity;
  entry.forEach((into, at) => {
    const after = arrived[at] ?? Infinity;
    least = Math.min(least, adds ? into + after : Math.max(into, after));
  });
  return { arrived, done, least };
}

function leastStage(
  { adds, blocks, costs, place, last }: Terms,
  device: number,
  start: number,
  done: Float64Array,
): number {
  const row = device * (blocks + 1);
  const at = place[row + start] ?? 0;
  const until = last[row + start] ?? 0;
  let least = Infinity;
  for (let end = start + 1; end <= until; end++) {
    const stage = costs[at + end] ?? Infinity;
    const after = done[row + end] ?? Infinity;
    const total = adds ? stage + after : Math.max(stage, after);
    if (total < least) least = total;
  }
  return least;
}
