import type { Anatomy } from './anatomy.ts';
import type { ModelGraph } from './model-graph.ts';
import type { BoundaryTensor } from './shard.types.ts';
import { findStateSlots, type StateSlot } from './state-slots.ts';

/** A state that one part of the work both reads and makes, so that it may stay on the device that has this part. */
export interface StateSpan extends StateSlot {
  /** No cut may be made at positions [first, last] of the work; empty where last < first. */
  readonly first: number;
  readonly last: number;
}

/** A kept state and the one block that reads and makes it. */
export interface KeptState extends StateSlot {
  readonly block: number;
}

/** No block may grow beyond this share of the work for the sake of a state. */
const LARGEST_BLOCK = 0.25;

/** The deepest models have some hundreds. */
const MAX_SLOTS = 4096;

/**
 * The states that can stay where they are made: reader and maker are so few nodes apart that no cut has to come
 * between them. A cache that the whole model reads and puts together again at its end travels like any other tensor.
 */
export function keptSpans(graph: ModelGraph, anatomy: Anatomy): readonly StateSpan[] {
  const slots = findStateSlots(graph.inputs, graph.outputs);
  if (slots.length === 0 || slots.length > MAX_SLOTS) return [];
  const uses = usesOf(graph, anatomy);
  const spans = slots.map((slot) => spanOf(slot, uses, anatomy));
  const limit = anatomy.work.length * LARGEST_BLOCK;
  const forbidden = new Uint8Array(anatomy.work.length + 1);
  const kept = new Set<StateSpan>();
  for (const span of spans.toSorted((a, b) => a.last - a.first - (b.last - b.first))) {
    if (span.last - span.first >= limit) continue;
    const fresh: number[] = [];
    for (let at = span.first; at <= span.last; at++) if (!forbidden[at]) fresh.push(at);
    for (const at of fresh) forbidden[at] = 1;
    if (fresh.length === 0 || runAround(forbidden, span.first) <= limit) kept.add(span);
    else for (const at of fresh) forbidden[at] = 0;
  }
  return spans.filter((span) => kept.has(span));
}

/** The states that blocks [start, end) keep for the next run. */
export function statesWithin(states: readonly KeptState[], start: number, end: number): KeptState[] {
  return states.filter(({ block }) => block >= start && block < end);
}

/** What has to be sent at a boundary where states stay on their devices: all but these. */
export function withoutStates(
  boundary: readonly BoundaryTensor[],
  states: readonly StateSlot[],
): readonly BoundaryTensor[] {
  const kept = new Set(states.flatMap(({ input, output }) => [input, output]));
  return boundary.filter(({ name }) => !kept.has(name));
}

interface Uses {
  /** For each value the first place in the work that reads it, directly or through side nodes. */
  readonly first: ReadonlyMap<string, number>;
  /** … and the last that reads it directly. What is computed from its shape is sent instead. */
  readonly last: ReadonlyMap<string, number>;
}

function usesOf(graph: ModelGraph, { work, roles }: Anatomy): Uses {
  const place = new Map(work.map((node, at) => [node, at]));
  const first = new Map<string, number>();
  const last = new Map<string, number>();
  for (const [index, node] of [...graph.nodes.entries()].reverse()) {
    const role = roles.get(index);
    if (role === undefined || role === 'constant') continue;
    const own = place.get(index);
    const at =
      own ??
      node.outputs.reduce(
        (least, name) => Math.min(least, first.get(name) ?? least),
        Number.POSITIVE_INFINITY,
      );
    for (const name of node.reads) {
      first.set(name, Math.min(at, first.get(name) ?? Number.POSITIVE_INFINITY));
      if (own !== undefined) last.set(name, Math.max(own, last.get(name) ?? 0));
    }
  }
  return { first, last };
}

/** A cut at position p lies before the work node at place p. */
function spanOf(slot: StateSlot, uses: Uses, { levels }: Anatomy): StateSpan {
  const made = (levels.get(slot.output) ?? 0) - 1;
  const first = Math.min(uses.first.get(slot.input) ?? Number.POSITIVE_INFINITY, Math.max(made, 0));
  const last = Math.max(uses.last.get(slot.input) ?? 0, made);
  return { ...slot, first: first + 1, last };
}

/** Length of the block that positions without a cut around `at` would make. */
function runAround(forbidden: Uint8Array, at: number): number {
  let start = at;
  let end = at;
  while (start > 0 && forbidden[start - 1]) start--;
  while (forbidden[end]) end++;
  return end - start + 1;
}
