import type { ModelGraph } from './model-graph.ts';
import type { BoundaryTensor } from './shard.types.ts';

/** What it takes to compute some values from others. */
export interface Closure {
  /** Node indices, ascending. */
  readonly nodes: readonly number[];
  /** Which of the given values are read. */
  readonly received: ReadonlySet<string>;
  /** Weights that are read. */
  readonly stored: ReadonlySet<string>;
  /** Inputs of the model that are read but not given. */
  readonly absent: ReadonlySet<string>;
}

/**
 * Walks back from `targets` to the `given` values; a target that is given needs nothing. What a model returns as text
 * is a target, too: such a model is only ever taken whole.
 */
export function closureOf(graph: ModelGraph, targets: Iterable<string>, given: ReadonlySet<string>): Closure {
  const nodes = new Set<number>();
  const received = new Set<string>();
  const stored = new Set<string>();
  const absent = new Set<string>();
  const text = graph.unsendable.filter(({ side, inBrowsers }) => side === 'output' && inBrowsers);
  const wanted = [...targets, ...text.map(({ name }) => name)].filter((name) => !given.has(name));
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (given.has(name)) received.add(name);
    else if (graph.initializers.has(name) || graph.sparse.has(name)) stored.add(name);
    else {
      const index = graph.producers.get(name);
      if (index === undefined) absent.add(name);
      else if (!nodes.has(index)) {
        nodes.add(index);
        for (const read of graph.nodes[index]?.reads ?? []) wanted.push(read);
      }
    }
  }
  return { nodes: [...nodes].sort((a, b) => a - b), received, stored, absent };
}

/** Values that must be given besides `given` so that no node of `done` runs again to make `targets`. */
export function missingAt(
  graph: ModelGraph,
  targets: readonly BoundaryTensor[],
  given: readonly BoundaryTensor[],
  done: ReadonlySet<number>,
): string[] {
  const known = new Set(given.map(({ name }) => name));
  const missing = new Set<string>();
  const seen = new Set<string>();
  const wanted = targets.map(({ name }) => name);
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (known.has(name) || seen.has(name) || graph.initializers.has(name) || graph.sparse.has(name)) continue;
    seen.add(name);
    const index = graph.producers.get(name);
    if (index === undefined || done.has(index)) missing.add(name);
    else for (const read of graph.nodes[index]?.reads ?? []) wanted.push(read);
  }
  return [...missing];
}
