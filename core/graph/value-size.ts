import { dtypeFromCode, elementBytes } from '../tensor/dtype.ts';
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
  const known = new Map<string, number>();
  const estimate = (name: string): number => {
    const found = known.get(name);
    if (found !== undefined) return found;
    known.set(name, UNKNOWN_BYTES);
    const size = declaredBytes(graph, name) ?? inferredBytes(graph, name, estimate);
    known.set(name, size);
    return size;
  };
  return estimate;
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

function inferredBytes(graph: ModelGraph, name: string, estimate: (name: string) => number): number {
  const node = graph.nodes[graph.producers.get(name) ?? -1];
  if (!node) return UNKNOWN_BYTES;
  if (node.opType === 'Shape' || node.opType === 'Size') return SHAPE_BYTES;
  if (!KEEPS_SIZE.has(node.opType)) return UNKNOWN_BYTES;
  const computed = node.reads.filter((read) => graph.producers.has(read));
  return Math.max(8, ...computed.map(estimate));
}
