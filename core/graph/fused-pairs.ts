import type { Role } from './anatomy.ts';
import { fusedPatterns } from './fused-patterns.ts';
import type { GraphNode } from './graph-node.ts';
import type { ModelGraph } from './model-graph.ts';

/** Work nodes that runtimes compute as one, as pairs of the one that makes a value and one that reads it. */
export function fusedPairs(
  graph: ModelGraph,
  roles: ReadonlyMap<number, Role>,
): (readonly [producer: number, consumer: number])[] {
  const work = [...graph.nodes.entries()].filter(([index]) => roles.get(index) === 'work');
  const indices = new Map(work.map(([index, node]) => [node, index]));
  const readers = new Map<string, GraphNode[]>();
  for (const [, node] of work) {
    for (const name of node.reads) {
      const known = readers.get(name);
      if (known) known.push(node);
      else readers.set(name, [node]);
    }
  }
  const isConstant = (name: string): boolean => {
    if (name === '') return false;
    const producer = graph.producers.get(name);
    if (producer !== undefined) return roles.get(producer) === 'constant';
    return graph.initializers.has(name) || graph.sparse.has(name);
  };
  const readersOf = (name: string): readonly GraphNode[] => readers.get(name) ?? [];
  const patterns = fusedPatterns(graph, readersOf, isConstant);
  return work.flatMap(([made, producer]) =>
    producer.outputs.flatMap((name) =>
      readersOf(name)
        .filter((node) => patterns.joins(producer, name, node))
        .map((node): [number, number] => [made, indices.get(node) ?? made]),
    ),
  );
}
