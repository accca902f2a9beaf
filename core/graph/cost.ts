import type { GraphNode } from './graph-node.ts';
import type { ModelGraph } from './model-graph.ts';

/** Moving an element through a simple operator, in multiplications: what small models take per element. */
const PER_ELEMENT = 4;
/** Elements of an output whose shape is not known. */
const UNKNOWN_ELEMENTS = 1024;

/**
 * A rough number of multiply-adds of a node, from the shapes that the file declares: a prior for cutting evenly
 * before anything was measured, never shown to people.
 */
export function nodeCost(graph: ModelGraph, node: GraphNode): number {
  const out = elements(graph, node.outputs[0] ?? '');
  const weight = graph.initializers.get(node.inputs[1] ?? '')?.dims;
  switch (node.opType) {
    case 'Conv':
      // Each output element reads one filter: the weight [M, C/group, kH, kW] without M.
      return out.count * product(weight?.slice(1) ?? []);
    case 'ConvTranspose':
      return out.count * product(weight?.slice(1) ?? []);
    case 'Gemm':
    case 'MatMul':
      // Without a shape, one row.
      return out.known
        ? out.count * (weight?.at(-2) ?? UNKNOWN_ELEMENTS)
        : product(weight ?? [UNKNOWN_ELEMENTS]);
    default:
      return out.count * PER_ELEMENT + storedElements(graph, node);
  }
}

function elements(graph: ModelGraph, name: string): { count: number; known: boolean } {
  const dims = graph.types.get(name)?.dims;
  if (!dims) return { count: UNKNOWN_ELEMENTS, known: false };
  return { count: product(dims.map((dim) => (typeof dim === 'number' ? dim : 1))), known: true };
}

function storedElements(graph: ModelGraph, node: GraphNode): number {
  return node.reads.reduce((sum, name) => sum + product(graph.initializers.get(name)?.dims ?? [0]), 0);
}

function product(dims: readonly number[]): number {
  return dims.reduce((total, dim) => total * dim, 1);
}
