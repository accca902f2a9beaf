import { UncuttableError } from '../../core/errors.ts';
import type { Blocks } from '../../core/graph/blocks.ts';

/** One more tensor across a cut is worth this share of the whole work in unevenness: a residual block is about that. */
const PER_TENSOR = 0.05;

/**
 * Boundaries of `parts` stages, about as even in estimated work as the blocks allow, where few tensors
 * cross: `[0, b1, …, count]`.
 * @throws UncuttableError when there are fewer blocks than parts.
 */
export function evenBoundaries(blocks: Blocks, parts: number): number[] {
  if (parts > blocks.count) {
    if (blocks.uncuttable) throw blocks.uncuttable;
    throw new UncuttableError(`This model can be cut into ${blocks.count} parts at most.`, {
      step: 'find places to cut',
      expected: `${parts} parts`,
      actual: `${blocks.count}`,
    });
  }
  const done = [0];
  for (const cost of blocks.costs) done.push((done.at(-1) ?? 0) + cost);
  const total = done.at(-1) ?? 0;
  const boundaries = [0];
  const penalty = (block: number, target: number): number =>
    Math.abs((done[block] ?? 0) - target) + (blocks.boundaries[block]?.length ?? 0) * PER_TENSOR * total;
  for (let part = 1; part < parts; part++) {
    const target = (total * part) / parts;
    const first = (boundaries.at(-1) ?? 0) + 1;
    // Leaves at least one block for each part that is still to come.
    const last = blocks.count - (parts - part);
    let best = first;
    for (let block = first; block <= last; block++) {
      if (penalty(block, target) < penalty(best, target)) best = block;
    }
    boundaries.push(best);
  }
  return [...boundaries, blocks.count];
}
