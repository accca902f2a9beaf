import { ModelFormatError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';
import { type ExternalSource, takeSmallExternals } from './external-weights.ts';
import { foreignKind, KIND_BYTES } from './file-kind.ts';
import { type GraphNode, readNode } from './graph-node.ts';
import { type FieldHead, fieldsOf, textOf, WIRE } from './protobuf.ts';
import { ReadBudget } from './read-budget.ts';
import { externalConstant, readConstant } from './stored-constant.ts';
import { readTensor, type StoredTensor } from './stored-tensor.ts';
import { WindowReader } from './window-reader.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** An ONNX file as its parts: everything verbatim, except that large weights are ranges of a file. */
export interface OnnxModel {
  readonly irVersion: number;
  /** Version by domain; '' is the ONNX standard. */
  readonly opsets: ReadonlyMap<string, number>;
  /** ModelProto's other fields, tags included: opset imports, local functions, producer, metadata. */
  readonly preamble: readonly Bytes[];
  readonly name: string;
  /** In file order, without the Constant nodes that stand for a large weight. */
  readonly nodes: readonly GraphNode[];
  /** Those of the file, then Constant nodes that stand for a large weight; where two have one name, the last counts. */
  readonly initializers: readonly StoredTensor[];
  /** SparseTensorProto messages. */
  readonly sparseInitializers: readonly Bytes[];
  /** ValueInfoProto messages. */
  readonly inputs: readonly Bytes[];
  readonly outputs: readonly Bytes[];
  readonly valueInfos: readonly Bytes[];
}

export interface ReadModelOptions {
  /** Opens an external data file, so that its small tensors (shapes, axes) can be taken into the model. */
  readonly externalSource?: ExternalSource;
}

/** ModelProto's and GraphProto's field numbers (onnx.proto3). */
export const MODEL = { irVersion: 1, graph: 7, opsetImport: 8, trainingInfo: 20 } as const;
export const GRAPH = {
  node: 1,
  name: 2,
  initializer: 5,
  input: 11,
  output: 12,
  valueInfo: 13,
  sparseInitializer: 15,
} as const;

const LISTED = [GRAPH.input, GRAPH.output, GRAPH.valueInfo, GRAPH.sparseInitializer];

/** ONNX is at version 13; the runtime reads this as a 32-bit number. */
const MAX_IR_VERSION = 2 ** 31 - 1;

/**
 * Reads an ONNX file without its large weights. Training information is left out: it has no part in inference.
 * @throws ModelFormatError when it is not ONNX, cut short or too large to read; FetchError from the source.
 */
export async function readModel(source: ByteSource, options: ReadModelOptions = {}): Promise<OnnxModel> {
  if (source.size === 0) throw refused('The file is empty.', 'an ONNX model', '0 bytes');
  const reader = new WindowReader(source);
  const kind = foreignKind(await reader.view(0, Math.min(KIND_BYTES, source.size)));
  if (kind) throw refused(`This is ${kind}, not an ONNX model.`, 'an ONNX model', kind);
  const budget = new ReadBudget();
  let irVersion = 0;
  let graph: Graph | undefined;
  const opsets = new Map<string, number>();
  const preamble: Bytes[] = [];
  for (let offset = 0; offset < source.size; ) {
    budget.item();
    const head = await reader.head(offset, source.size);
    const next = head.next + head.length;
    if (head.number === MODEL.irVersion) irVersion = expectWire(head, WIRE.varint).value;
    else if (head.number === MODEL.graph) {
      expectWire(head, WIRE.bytes);
      if (graph) throw refused('This file is not an ONNX model.', 'one graph', 'two');
      graph = await readGraph(reader, head.next, next, budget);
    } else if (head.number !== MODEL.trainingInfo) {
      budget.keep(next - offset);
      const raw = await reader.bytes(offset, next - offset);
      preamble.push(raw);
      if (head.number === MODEL.opsetImport) opsets.set(...opsetOf(raw));
    }
    offset = next;
  }
  if (!graph) throw refused('This file is not an ONNX model: it holds no graph.', 'a graph', 'none');
  if (irVersion < 1 || irVersion > MAX_IR_VERSION) {
    throw refused('The model does not say which version of ONNX it is.', 'an ir_version', `${irVersion}`);
  }
  if (opsets.size === 0) {
    throw refused('The model does not say which operator set it uses.', 'an opset_import', 'none');
  }
  // A graph without nodes may still hand on what it is given, or weights.
  if (graph.nodes.length + graph.outputs.length === 0) {
    throw refused('The model’s graph is empty.', 'at least one node or output', 'none');
  }
  const initializers = await takeSmallExternals(graph.initializers, options.externalSource);
  return { irVersion, opsets, preamble, ...graph, initializers };
}

type Graph = Omit<OnnxModel, 'irVersion' | 'opsets' | 'preamble'>;

async function readGraph(
  reader: WindowReader,
  start: number,
  end: number,
  budget: ReadBudget,
): Promise<Graph> {
  let name = '';
  const nodes: GraphNode[] = [];
  const initializers: StoredTensor[] = [];
  const constants: StoredTensor[] = [];
  const lists = new Map<number, Bytes[]>(LISTED.map((number) => [number, []]));
  const read = (head: FieldHead): Promise<Bytes> => {
    expectWire(head, WIRE.bytes);
    budget.keep(head.length);
    return reader.bytes(head.next, head.length);
  };
  for (let offset = start; offset < end; ) {
    budget.item();
    const head = await reader.head(offset, end);
    const next = head.next + head.length;
    if (head.number === GRAPH.initializer) {
      expectWire(head, WIRE.bytes);
      initializers.push(await readTensor(reader, head.next, next, budget));
    } else if (head.number === GRAPH.node) {
      const large = await readConstant(reader, head.next, next, budget);
      const node = large ? null : readNode(await read(head), budget);
      const constant = node?.opType === 'Constant' ? await externalConstant(node, budget) : large;
      if (constant) constants.push(constant);
      else if (node) nodes.push(node);
    } else if (head.number === GRAPH.name) name = textOf(await read(head));
    else lists.get(head.number)?.push(await read(head));
    offset = next;
  }
  return {
    name,
    nodes,
    initializers: [...initializers, ...constants],
    sparseInitializers: lists.get(GRAPH.sparseInitializer) ?? [],
    inputs: lists.get(GRAPH.input) ?? [],
    outputs: lists.get(GRAPH.output) ?? [],
    valueInfos: lists.get(GRAPH.valueInfo) ?? [],
  };
}

function opsetOf(raw: Bytes): [domain: string, version: number] {
  let domain = '';
  let version = 0;
  for (const outer of fieldsOf(raw)) {
    for (const field of fieldsOf(outer.body)) {
      if (field.number === 1) domain = textOf(field.body);
      if (field.number === 2) version = field.value;
    }
  }
  return [domain === 'ai.onnx' ? '' : domain, version];
}

function expectWire(head: FieldHead, wire: number): FieldHead {
  if (head.wire === wire) return head;
  throw refused(
    'This file is not an ONNX model.',
    `wire type ${wire} in field ${head.number}`,
    `${head.wire}`,
  );
}

function refused(message: string, expected: string, actual: string): ModelFormatError {
  return new ModelFormatError(message, { step: 'read the model', expected, actual });
}
