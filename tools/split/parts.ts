import { UncuttableError } from '../../core/errors.ts';
import type { Blocks } from '../../core/graph/blocks.ts';

/**
 * Boundaries of `parts` stages, as even in estimated work as the blocks allow: `[0, b1, …, count]`.
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
  for (let part = 1; part < parts; part++) {
    const target = (total * part) / parts;
    const first = (boundaries.at(-1) ?? 0) + 1;
    // Leaves at least one block for each part that is still to come.
    const last = blocks.count - (parts - part);
    let best = first;
    for (let block = first; block <= last; block++) {
      if (Math.abs((done[block] ?? 0) - target) < Math.abs((done[best] ?? 0) - target)) best = block;
    }
    boundaries.push(best);
  }
  return [...boundaries, blocks.count];
}
