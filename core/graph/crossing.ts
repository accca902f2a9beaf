import type { Anatomy } from './anatomy.ts';
import type { StateSpan } from './kept-states.ts';
import { minimumCut } from './min-cut.ts';
import type { ModelGraph } from './model-graph.ts';
import { sizeEstimator } from './value-size.ts';

/** Each tensor of a frame costs its header and a view: the price of one more, in bytes. */
const PER_TENSOR_BYTES = 16;
/** More than any other tensor, but a price. */
const STATE_BYTES = 2 ** 50;
/** A larger web of side values is sent as it stands: the search would take seconds. */
const MAX_WEB = 4000;
/** Steps of all searches of one model together; beyond, side values are sent as they stand. */
const MAX_STEPS = 20_000_000;
/** The frame between two tabs holds no more tensors (core/protocol/frame.ts). */
export const MAX_CROSSING = 256;

/**
 * The values that must be known after a cut, for the cuts at positions 1, 2, … of the work: those that later
 * work reads and outputs already made. Side values are sent or computed again, whichever moves fewer bytes;
 * values made of weights alone never cross. Where more than {@link MAX_CROSSING} would cross, no cut is possible and
 * only one more than these are named. O(nodes + cuts * crossing values), and MAX_STEPS for the searches.
 */
export function* crossings(
  graph: ModelGraph,
  anatomy: Anatomy,
  states: readonly StateSpan[] = [],
): Generator<readonly string[], void, undefined> {
  const { work, levels } = anatomy;
  const lastUse = lastUses(graph, anatomy);
  const search = sideSearch(graph, anatomy, states);
  const arriving = new Map<number, string[]>();
  for (const name of lastUse.keys()) {
    const level = levels.get(name) ?? 0;
    // A side value is in demand from the start, even where only later work can complete it.
    const from = search.isSide(name) ? 0 : level;
    append(arriving, from, name);
  }
  const leaving = new Map<number, string[]>();
  for (const [name, position] of lastUse) append(leaving, position, name);
  const direct = new Set<string>();
  const indirect = new Set<string>();
  const order = placesOf(graph);
  for (let position = 0; position < work.length; position++) {
    for (const name of arriving.get(position) ?? []) (search.isSide(name) ? indirect : direct).add(name);
    for (const name of leaving.get(position) ?? []) {
      direct.delete(name);
      indirect.delete(name);
    }
    if (position === 0) continue;
    if (direct.size > MAX_CROSSING) {
      yield [...firstOf(direct, MAX_CROSSING + 1)];
      continue;
    }
    const chosen = indirect.size === 0 ? [] : search.cheapest([...indirect], direct, position);
    yield [...direct, ...chosen].sort((one, other) => (order.get(one) ?? 0) - (order.get(other) ?? 0));
  }
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

function* firstOf<T>(values: Iterable<T>, count: number): Generator<T, void, undefined> {
  let left = count;
  for (const value of values) {
    if (left-- === 0) return;
    yield value;
  }
}

/** Position of the last work node that reads a value, Infinity for an output of the model. */
function lastUses(graph: ModelGraph, { work, levels }: Anatomy): Map<string, number> {
  const lastUse = new Map<string, number>();
  for (const [index, node] of work.entries()) {
    for (const name of graph.nodes[node]?.reads ?? []) if (levels.has(name)) lastUse.set(name, index + 1);
  }
  for (const { name } of graph.outputs) if (levels.has(name)) lastUse.set(name, Number.POSITIVE_INFINITY);
  return lastUse;
}

interface SideSearch {
  isSide(name: string): boolean;
  /** What to send so that all of `wanted` can be computed after the cut, given that `sent` is sent anyway. */
  cheapest(wanted: readonly string[], sent: ReadonlySet<string>, position: number): string[];
}

function sideSearch(graph: ModelGraph, { roles, levels }: Anatomy, states: readonly StateSpan[]): SideSearch {
  const lastOf = new Map(states.map(({ input, last }) => [input, last]));
  const sizeOf = sizeEstimator(graph);
  const isSide = (name: string): boolean => roles.get(graph.producers.get(name) ?? -1) === 'side';
  const readsOf = (name: string): readonly string[] =>
    graph.nodes[graph.producers.get(name) ?? -1]?.reads ?? [];
  let steps = MAX_STEPS;
  const cheapest: SideSearch['cheapest'] = (wanted, sent, position) => {
    const early = (name: string): boolean => (levels.get(name) ?? 0) <= position;
    const web = new Map<string, number>();
    const feeds: number[][] = [];
    const visit = (name: string): void => {
      if (web.has(name)) return;
      web.set(name, web.size);
      feeds.push([]);
    };
    for (const name of wanted) visit(name);
    const sources: number[] = [];
    for (const [name, item] of web) {
      steps -= 1 + readsOf(name).length;
      if (web.size > MAX_WEB || steps <= 0) return wanted.filter(early);
      if (!isSide(name)) {
        sources.push(item);
        continue;
      }
      for (const read of readsOf(name)) {
        // Weights are everywhere, values already sent are there, later work is done there.
        if (!levels.has(read) || sent.has(read) || (!isSide(read) && !early(read))) continue;
        visit(read);
        feeds[web.get(read) ?? 0]?.push(item);
      }
    }
    const names = [...web.keys()];
    const prices = names.map((name) => {
      if (!early(name)) return Number.POSITIVE_INFINITY;
      // A kept state is gone once its block has made the next one: what is computed from its shape is sent.
      if (position > (lastOf.get(name) ?? position)) return STATE_BYTES;
      return sizeOf(name) + PER_TENSOR_BYTES;
    });
    const sinks = wanted.map((name) => web.get(name) ?? 0);
    const cut = minimumCut({ prices, feeds, sources, sinks }, steps);
    if (!cut) {
      steps = 0;
      return wanted.filter(early);
    }
    steps -= cut.steps;
    return cut.items.flatMap((item) => names[item] ?? []);
  };
  return { isSide, cheapest };
}

/** Inputs of the model first, then values in the order in which they are made. */
function placesOf({ inputs, nodes }: ModelGraph): ReadonlyMap<string, number> {
  const names = [...inputs.map(({ name }) => name), ...nodes.flatMap(({ outputs }) => outputs)];
  return new Map(names.map((name, place) => [name, place]));
}
