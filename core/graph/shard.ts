import type { Blocks } from './blocks.ts';
import { type Closure, closureOf } from './closure.ts';
import type { ModelGraph } from './model-graph.ts';
import { GRAPH, MODEL } from './onnx-model.ts';
import { type Piece, type Pieces, piecesOf } from './pieces.ts';
import { bytesField, concat, textField, varintField } from './protobuf-writer.ts';
import { type BoundaryTensor, PACK_LOCATION, type Shard } from './shard.types.ts';
import { externalTensor } from './stored-tensor.ts';
import type { UnsendableValue } from './unsendable.ts';
import { type ValueInfo, writeValueInfo } from './value-info.ts';

/** For a piece, by number: a file and where in it the piece begins. All pieces of one weight lie end to end. */
export type PiecePlaces = ReadonlyMap<number, { readonly location: string; readonly offset: number }>;

/** From IR version 4 on, initialisers need not be listed as inputs (onnx/docs/IR.md). */
const IR_WITH_PLAIN_INITIALISERS = 4;

/**
 * Cuts out blocks [start, end) as a model of its own: nodes verbatim, small weights inline, large ones in
 * the pack, which is the stage's pieces laid end to end. Side nodes are repeated where they are needed.
 * O(nodes + bytes of the small parts). `elsewhere` says where pieces lie for a model whose weights are in other files.
 */
export function makeShard(
  graph: ModelGraph,
  blocks: Blocks,
  start: number,
  end: number,
  elsewhere?: PiecePlaces,
): Shard {
  const receives = blocks.boundaries[start];
  const sends = blocks.boundaries[end];
  if (!receives || !sends || start >= end)
    throw new RangeError(`no blocks [${start}, ${end}) of ${blocks.count}`);
  const { fed, returned } = unsendableOf(graph);
  const given = new Set([...receives, ...fed].map(({ name }) => name));
  const made = sends.filter(({ name }) => !given.has(name));
  // A runtime takes no model without outputs: one that only hands on what it gets returns it.
  const outputs = made.length + returned.length > 0 ? made : sends;
  const targets = outputs.map(({ name }) => name);
  const closure = closureOf(graph, targets, given);
  if (closure.absent.size > 0) throw new RangeError(`boundary ${start} lacks ${[...closure.absent]}`);
  const inputs = receives.filter((value) => closure.received.has(value.name) || targets.includes(value.name));
  const { fields, weights, weightBytes } = storeWeights(graph, closure, piecesOf(graph, blocks), elsewhere);
  const graphProto = [
    textField(GRAPH.name, graph.model.name || 'stage'),
    ...closure.nodes
      .flatMap((index) => graph.nodes[index]?.proto ?? [])
      .map((proto) => bytesField(GRAPH.node, proto)),
    ...fields,
    ...inputs.map((value) => bytesField(GRAPH.input, inputInfo(graph, value))),
    ...fed.map(({ proto }) => bytesField(GRAPH.input, proto)),
    ...outputs.map(({ name, dtype }) => bytesField(GRAPH.output, writeValueInfo(name, dtype))),
    ...returned.map(({ proto }) => bytesField(GRAPH.output, proto)),
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

/**
 * What the stage takes and returns besides tensors of numbers. Only a model that runs whole has such values; what no
 * browser can return is left out, so that the rest can be had.
 */
function unsendableOf({ declared, unsendable }: ModelGraph): { fed: ValueInfo[]; returned: ValueInfo[] } {
  const infos = (values: readonly UnsendableValue[]): ValueInfo[] =>
    values.flatMap(({ name }) => declared.get(name) ?? []);
  return {
    fed: infos(unsendable.filter(({ side }) => side === 'input')),
    returned: infos(unsendable.filter(({ side, inBrowsers }) => side === 'output' && inBrowsers)),
  };
}

function storeWeights(
  graph: ModelGraph,
  { stored }: Closure,
  pieces: Pieces,
  elsewhere: PiecePlaces | undefined,
): { fields: Uint8Array[]; weights: Piece[]; weightBytes: number } {
  const fields: Uint8Array[] = [];
  const weights = new Map<number, { piece: Piece; at: number }>();
  let weightBytes = 0;
  for (const [name, tensor] of graph.initializers) {
    if (!stored.has(name)) continue;
    if (!tensor.body) {
      fields.push(bytesField(GRAPH.initializer, tensor.proto));
      continue;
    }
    const { first, count, skip } = pieces.placeOf(tensor.body);
    for (const piece of pieces.all.slice(first, first + count)) {
      if (weights.has(piece.id)) continue;
      weights.set(piece.id, { piece, at: weightBytes });
      weightBytes += piece.length;
    }
    const here = { location: PACK_LOCATION, offset: weights.get(first)?.at ?? 0 };
    const { location, offset } = elsewhere?.get(first) ?? here;
    const proto = externalTensor(tensor.proto, location, offset + skip, tensor.body.length);
    fields.push(bytesField(GRAPH.initializer, proto));
  }
  for (const [name, proto] of graph.sparse) {
    if (stored.has(name)) fields.push(bytesField(GRAPH.sparseInitializer, proto));
  }
  return { fields, weights: [...weights.values()].map(({ piece }) => piece), weightBytes };
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
