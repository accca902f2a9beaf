import { dtypeFromCode, elementBytes } from '../tensor/dtype.ts';
import type { GraphNode } from './graph-node.ts';
import type { ModelGraph } from './model-graph.ts';

/** Stands for each size that is not known before the model runs: between a batch of one and a picture's side. */
const UNKNOWN_DIM = 32;
/** A shape as a tensor: int64, few have more than eight dims. */
const SHAPE_BYTES = 64;
/** Of a value of which not even the rank is known. */
const UNKNOWN_BYTES = 8192;

const KEEPS_SIZE: ReadonlySet<string> = new Set(
  'Gather Slice Squeeze Unsqueeze Reshape Cast Concat Identity Transpose Add Sub Mul Div Cos Sin Neg Not Equal'.split(
    ' ',
  ),
);

/** A rough size of each value in bytes, to choose between sending one or another; the truth is measured at run time. */
export function sizeEstimator(graph: ModelGraph): (name: string) => number {
  const made = new Map<string, number>();
  const sizeOf = (name: string): number => made.get(name) ?? declaredBytes(graph, name) ?? UNKNOWN_BYTES;
  // In topological order, not from each value back: a chain of nodes may be longer than the stack is deep.
  for (const node of graph.nodes) {
    for (const name of node.outputs) {
      made.set(name, declaredBytes(graph, name) ?? inferredBytes(graph, node, sizeOf));
    }
  }
  return sizeOf;
}

function declaredBytes({ types }: ModelGraph, name: string): number | undefined {
  const type = types.get(name);
  const dtype = dtypeFromCode(type?.code ?? 0);
  if (!type?.dims || !dtype) return undefined;
  const count = type.dims.reduce<number>(
    (product, dim) => product * (typeof dim === 'number' ? dim : UNKNOWN_DIM),
    1,
  );
  return count * elementBytes(dtype);
}

function inferredBytes(graph: ModelGraph, node: GraphNode, sizeOf: (name: string) => number): number {
  if (node.opType === 'Shape' || node.opType === 'Size') return SHAPE_BYTES;
  if (!KEEPS_SIZE.has(node.opType)) return UNKNOWN_BYTES;
  const computed = node.reads.filter((read) => graph.producers.has(read));
  return Math.max(8, ...computed.map(sizeOf));
}
