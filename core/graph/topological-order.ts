import type { GraphNode } from './graph-node.ts';

/** A node whose values cannot be had. */
interface Missing {
  readonly reader: GraphNode;
  readonly value: string;
}

/**
 * File order where it is valid, as the format demands; else the stable order nearest to it (Kahn, 1962), which ends
 * early where `missing` is left over. O(nodes + edges).
 */
export function inTopologicalOrder(
  nodes: readonly GraphNode[],
  given: (name: string) => boolean,
): { readonly nodes: readonly GraphNode[]; readonly missing: Missing | null } {
  const made = new Set<string>();
  const waiting = new Map<string, GraphNode[]>();
  const absent = new Map<GraphNode, number>();
  const ordered: GraphNode[] = [];
  const place = (first: GraphNode): void => {
    const ready = [first];
    for (let node = ready.pop(); node; node = ready.pop()) {
      ordered.push(node);
      for (const name of node.outputs) {
        made.add(name);
        for (const reader of waiting.get(name) ?? []) {
          const left = (absent.get(reader) ?? 0) - 1;
          absent.set(reader, left);
          if (left === 0) ready.push(reader);
        }
        waiting.delete(name);
      }
    }
  };
  for (const node of nodes) {
    const needed = node.reads.filter((name) => !given(name) && !made.has(name));
    if (needed.length === 0) {
      place(node);
      continue;
    }
    absent.set(node, needed.length);
    for (const name of needed) {
      const readers = waiting.get(name);
      if (readers) readers.push(node);
      else waiting.set(name, [node]);
    }
  }
  const [left] = waiting;
  const reader = left?.[1][0];
  return { nodes: ordered, missing: left && reader ? { reader, value: left[0] } : null };
}
