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

const known = new WeakMap<ModelGraph, ReadonlyMap<string, number>>();

/** A rough size of each value in bytes, to choose between sending one or another; the truth is measured at run time. */
export function sizeEstimator(graph: ModelGraph): (name: string) => number {
  const sizes = known.get(graph) ?? sizesOf(graph);
  known.set(graph, sizes);
  return (name) => sizes.get(name) ?? declaredBytes(graph, name) ?? UNKNOWN_BYTES;
}

/** In the order of the nodes, so that what a node reads has its size already. */
function sizesOf(graph: ModelGraph): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { name } of graph.inputs) sizes.set(name, declaredBytes(graph, name) ?? UNKNOWN_BYTES);
  for (const node of graph.nodes) {
    const inferred = inferredBytes(node, sizes);
    for (const name of node.outputs) sizes.set(name, declaredBytes(graph, name) ?? inferred);
  }
  return sizes;
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

function inferredBytes({ opType, reads }: GraphNode, sizes: ReadonlyMap<string, number>): number {
  if (opType === 'Shape' || opType === 'Size') return SHAPE_BYTES;
  if (!KEEPS_SIZE.has(opType)) return UNKNOWN_BYTES;
  return reads.reduce((largest, name) => Math.max(largest, sizes.get(name) ?? 0), 8);
}
