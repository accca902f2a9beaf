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

/**
 * The values that must be known after a cut, for the cuts at positions 1, 2, … of the work: those that later
 * work reads and outputs already made. Side values are sent or computed again, whichever moves fewer bytes;
 * values made of weights alone never cross.
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
    arriving.set(from, [...(arriving.get(from) ?? []), name]);
  }
  const active = new Set(arriving.get(0));
  for (let position = 1; position < work.length; position++) {
    for (const name of arriving.get(position) ?? []) active.add(name);
    for (const name of active) if ((lastUse.get(name) ?? 0) <= position) active.delete(name);
    const direct = new Set<string>();
    const indirect: string[] = [];
    for (const name of active) {
      if (search.isSide(name)) indirect.push(name);
      else direct.add(name);
    }
    const chosen = indirect.length === 0 ? [] : search.cheapest(indirect, direct, position);
    yield inOrder(graph, [...direct, ...chosen]);
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
      if (web.size > MAX_WEB) return wanted.filter(early);
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
    return minimumCut({ prices, feeds, sources, sinks }).flatMap((item) => names[item] ?? []);
  };
  return { isSide, cheapest };
}

/** Inputs of the model first, then values in the order in which they are made. */
function inOrder(graph: ModelGraph, names: readonly string[]): readonly string[] {
  const place = (name: string): number => {
    const producer = graph.producers.get(name);
    return producer === undefined
      ? graph.inputs.findIndex((input) => input.name === name)
      : graph.inputs.length + producer;
  };
  return names
    .map((name) => ({ name, at: place(name) }))
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name);
}
