import type { UncuttableError } from '../errors.ts';
import { anatomyOf } from './anatomy.ts';
import { missingAt } from './closure.ts';
import { nodeCost } from './cost.ts';
import { type CutPoint, findCutPoints, uncuttable } from './cut-points.ts';
import { type KeptState, keptSpans } from './kept-states.ts';
import type { ModelGraph } from './model-graph.ts';
import type { BoundaryTensor } from './shard.types.ts';
import { findStateSlots } from './state-slots.ts';
import { boundaryTensor, UNKNOWN_TYPE } from './value-info.ts';
import { sizeEstimator } from './value-size.ts';

/** A model as a row of blocks, the smallest parts that a plan assigns. */
export interface Blocks {
  readonly count: number;
  /** What stands at each boundary: the model's inputs, what crosses after each block, its outputs. Length: count + 1. */
  readonly boundaries: readonly (readonly BoundaryTensor[])[];
  /** The first and the last position of each block among the work nodes, `[start, end)` by two neighbours. */
  readonly positions: readonly number[];
  /** Rough multiply-adds of each block, to be replaced by measured times. */
  readonly costs: readonly number[];
  /** States that need not leave the device of their block from one run to the next. They are in `boundaries` all the same. */
  readonly states: readonly KeptState[];
  /** Why there is only one block; null where there are several. */
  readonly uncuttable: UncuttableError | null;
}

/** As many as the exact planner takes in its time (planning.md), and more than a room has devices. */
const MAX_BLOCKS = 96;

/** Chooses the boundaries at which a plan may cut: the usable ones, and where they are too many, the cheapest, spread out. */
export function blocksOf(graph: ModelGraph, max: number = MAX_BLOCKS): Blocks {
  const anatomy = anatomyOf(graph);
  const spans = keptSpans(graph, anatomy);
  const cuts = findCutPoints(graph, anatomy, spans);
  const usable = graph.unsendable.length > 0 ? [] : cuts.filter((cut) => cut.usable);
  const prefix = [0];
  for (const index of anatomy.work) {
    const node = graph.nodes[index];
    prefix.push((prefix.at(-1) ?? 0) + (node ? nodeCost(graph, node) : 0));
  }
  const chosen = choose(graph, usable, prefix, max - 1);
  const positions = [0, ...chosen.map((cut) => cut.position), anatomy.work.length];
  const boundaries = complete(graph, anatomy.work, positions, [
    graph.inputs,
    ...chosen.map((cut) => cut.crossing),
    graph.outputs,
  ]);
  const costs = positions
    .slice(1)
    .map((end, block) => (prefix[end] ?? 0) - (prefix[positions[block] ?? 0] ?? 0));
  const reason = chosen.length === 0 ? uncuttable(graph, anatomy, cuts) : null;
  // What runs whole keeps all it has.
  const kept = chosen.length > 0 ? spans : findStateSlots(graph.inputs, graph.outputs);
  const states = kept.map((slot): KeptState => {
    const block = 'first' in slot ? positions.findLastIndex((start) => start < slot.first) : 0;
    return { input: slot.input, output: slot.output, block: Math.max(0, block) };
  });
  return { count: boundaries.length - 1, boundaries, positions, costs, states, uncuttable: reason };
}

/** Few tensors first; among equally many, as evenly over the work as possible, and there the smallest. */
function choose(
  graph: ModelGraph,
  usable: readonly CutPoint[],
  prefix: readonly number[],
  max: number,
): readonly CutPoint[] {
  if (usable.length <= max) return usable;
  const sizeOf = sizeEstimator(graph);
  const bytes = (cut: CutPoint): number => cut.crossing.reduce((sum, { name }) => sum + sizeOf(name), 0);
  const chosen: CutPoint[] = [];
  const counts = [...new Set(usable.map((cut) => cut.crossing.length))].sort((a, b) => a - b);
  for (const count of counts) {
    const equals = usable.filter((cut) => cut.crossing.length === count);
    const room = max - chosen.length;
    chosen.push(...(equals.length <= room ? equals : spread(equals, prefix, bytes, room)));
  }
  return chosen.sort((a, b) => a.position - b.position);
}

/** One cut for each of `count` equal shares of the work that has one: the one that moves the fewest bytes. */
function spread(
  cuts: readonly CutPoint[],
  prefix: readonly number[],
  bytes: (cut: CutPoint) => number,
  count: number,
): CutPoint[] {
  const total = prefix.at(-1) || 1;
  const shares = new Map<number, CutPoint>();
  for (const cut of cuts) {
    const share = Math.min(count - 1, Math.floor(((prefix[cut.position] ?? 0) / total) * count));
    const best = shares.get(share);
    if (!best || bytes(cut) < bytes(best)) shares.set(share, cut);
  }
  return count > 0 ? [...shares.values()] : [];
}

/**
 * Each boundary was chosen by itself; a later one may need a small value that an earlier one chose to replace
 * by others. Such values are added, from the last boundary to the first.
 */
function complete(
  graph: ModelGraph,
  work: readonly number[],
  positions: readonly number[],
  boundaries: readonly (readonly BoundaryTensor[])[],
): readonly (readonly BoundaryTensor[])[] {
  const done = [...boundaries];
  for (let end = done.length - 1; end > 1; end--) {
    const given = done[end - 1] ?? [];
    const before = new Set(work.slice(0, positions[end - 1]));
    const added = missingAt(graph, done[end] ?? [], given, before).flatMap((name) => {
      const found = boundaryTensor(name, graph.types.get(name) ?? UNKNOWN_TYPE);
      return 'tensor' in found ? [found.tensor] : [];
    });
    done[end - 1] = [...given, ...added];
  }
  return done;
}
