import type { Blocks } from './blocks.ts';
import type { ByteRange } from './byte-source.ts';
import { type Closure, closureOf } from './closure.ts';
import type { ModelGraph } from './model-graph.ts';
import { GRAPH, MODEL } from './onnx-model.ts';
import { bytesField, concat, textField, varintField } from './protobuf-writer.ts';
import { type BoundaryTensor, PACK_LOCATION, type Shard } from './shard.types.ts';
import { externalTensor } from './stored-tensor.ts';
import { writeValueInfo } from './value-info.ts';

/** From IR version 4 on, initialisers need not be listed as inputs (onnx/docs/IR.md). */
const IR_WITH_PLAIN_INITIALISERS = 4;

/**
 * Cuts out blocks [start, end) as a model of its own: nodes verbatim, small weights inline, large ones as ranges
 * for the pack. Side nodes are repeated where they are needed. O(nodes + bytes of the small parts).
 */
export function makeShard(graph: ModelGraph, blocks: Blocks, start: number, end: number): Shard {
  const receives = blocks.boundaries[start];
  const sends = blocks.boundaries[end];
  if (!receives || !sends || start >= end)
    throw new RangeError(`no blocks [${start}, ${end}) of ${blocks.count}`);
  const given = new Set(receives.map(({ name }) => name));
  const outputs = sends.filter(({ name }) => !given.has(name));
  const closure = closureOf(
    graph,
    outputs.map(({ name }) => name),
    given,
  );
  if (closure.absent.size > 0) throw new RangeError(`boundary ${start} lacks ${[...closure.absent]}`);
  const inputs = receives.filter(({ name }) => closure.received.has(name));
  const { fields, weights, weightBytes } = storeWeights(graph, closure);
  const graphProto = [
    textField(GRAPH.name, graph.model.name || 'stage'),
    ...closure.nodes
      .flatMap((index) => graph.nodes[index]?.proto ?? [])
      .map((proto) => bytesField(GRAPH.node, proto)),
    ...fields,
    ...inputs.map((value) => bytesField(GRAPH.input, inputInfo(graph, value))),
    ...outputs.map(({ name, dtype }) => bytesField(GRAPH.output, writeValueInfo(name, dtype))),
    ...innerInfos(graph, closure, outputs),
  ];
  const model = concat([
    varintField(MODEL.irVersion, Math.max(IR_WITH_PLAIN_INITIALISERS, graph.model.irVersion)),
    ...graph.model.preamble,
    bytesField(MODEL.graph, ...graphProto),
  ]);
  const nodeCount = closure.nodes.length;
  return { start, end, model, weights, weightBytes, inputs, outputs, receives, sends, nodeCount };
}

function storeWeights(
  graph: ModelGraph,
  { stored }: Closure,
): { fields: Uint8Array[]; weights: ByteRange[]; weightBytes: number } {
  const fields: Uint8Array[] = [];
  const weights: ByteRange[] = [];
  let weightBytes = 0;
  // In the order of the file, so that the pack reads it from front to back.
  for (const [name, tensor] of graph.initializers) {
    if (!stored.has(name)) continue;
    let proto = tensor.proto;
    if (tensor.body) {
      proto = externalTensor(proto, PACK_LOCATION, weightBytes, tensor.body.length);
      weights.push(tensor.body);
      weightBytes += tensor.body.length;
    }
    fields.push(bytesField(GRAPH.initializer, proto));
  }
  for (const [name, proto] of graph.sparse) {
    if (stored.has(name)) fields.push(bytesField(GRAPH.sparseInitializer, proto));
  }
  return { fields, weights, weightBytes };
}

/**
 * The type of a value that the stage is fed. Where the model leaves a size of its own inputs open, fixed sizes
 * declared further inside are often left over from one example, and the runtime would insist on them.
 */
function inputInfo(graph: ModelGraph, { name, dtype, dims }: BoundaryTensor): Uint8Array<ArrayBuffer> {
  const declared = graph.declared.get(name);
  const own = graph.inputs.some((input) => input.name === name);
  if (own && declared) return declared.proto;
  const fixed = graph.inputs.every((input) => input.dims?.every((dim) => typeof dim === 'number'));
  return writeValueInfo(
    name,
    dtype,
    dims?.map((dim) => (fixed && typeof dim === 'number' ? dim : null)) ?? null,
  );
}

/** What the file declares about values inside the stage; it lets the runtime plan memory and fuse more. */
function innerInfos(graph: ModelGraph, { nodes }: Closure, outputs: readonly BoundaryTensor[]): Uint8Array[] {
  const outer = new Set(outputs.map(({ name }) => name));
  return nodes
    .flatMap((index) => graph.nodes[index]?.outputs ?? [])
    .filter((name) => name !== '' && !outer.has(name))
    .flatMap((name) => graph.declared.get(name)?.proto ?? [])
    .map((proto) => bytesField(GRAPH.valueInfo, proto));
}
