import type { Anatomy } from './anatomy.ts';
import type { ModelGraph } from './model-graph.ts';

/**
 * Scan runs only where the runtime can infer the ranks of its body's outputs, back to values whose ranks are known
 * (onnxruntime/core/providers/cpu/controlflow/scan_utils.cc). So a value of unknown rank that a Scan depends on may
 * not begin a stage: for each value, the last position of the work at which a Scan still needs its rank.
 */
export function ranksNeededBy(graph: ModelGraph, { work }: Anatomy): ReadonlyMap<string, number> {
  const needed = new Map<string, number>();
  const at = new Map(work.map((node, position) => [node, position]));
  for (const [index, node] of [...graph.nodes.entries()].reverse()) {
    const own = node.opType === 'Scan' && node.domain === '' ? (at.get(index) ?? 0) + 1 : 0;
    const last = Math.max(own, ...node.outputs.map((name) => needed.get(name) ?? 0));
    if (last === 0) continue;
    for (const name of node.reads) {
      if (!graph.types.get(name)?.dims) needed.set(name, Math.max(last, needed.get(name) ?? 0));
    }
  }
  return needed;
}
