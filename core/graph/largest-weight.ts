import { closureOf } from './closure.ts';
import type { ModelGraph } from './model-graph.ts';
import type { Shard } from './shard.types.ts';

/** Bytes of the largest single weight of a shard: a GPU may refuse what a heap takes. O(nodes of the shard). */
export function largestWeight(graph: ModelGraph, { inputs, outputs }: Shard): number {
  const given = new Set(inputs.map(({ name }) => name));
  const targets = outputs.map(({ name }) => name);
  const { stored } = closureOf(graph, targets, given);
  return [...stored].reduce((most, name) => Math.max(most, graph.initializers.get(name)?.bytes ?? 0), 0);
}
