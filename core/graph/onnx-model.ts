import { ModelFormatError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';
import { foreignKind, KIND_BYTES } from './file-kind.ts';
import { type FieldHead, fieldsOf, textOf, WIRE } from './protobuf.ts';
import { INLINE_BYTES, inlineTensor, readTensor, type StoredTensor } from './stored-tensor.ts';
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
  /** NodeProto messages, in file order, and where each begins in the file. */
  readonly nodes: readonly { readonly proto: Bytes; readonly offset: number }[];
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
  readonly externalSource?: (file: string) => ByteSource | undefined;
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

/** What is kept in memory besides large weights: graphs of the largest models take some tens of MB. */
const MAX_KEPT_BYTES = 256 * 1024 * 1024;
/** The largest graphs met in the field have some tens of thousands of nodes and weights. */
const MAX_ITEMS = 500_000;

/**
 * Reads an ONNX file without its large weights.
 * @throws ModelFormatError when it is not ONNX or cut short; FetchError from the source.
 */
export async function readModel(source: ByteSource, options: ReadModelOptions = {}): Promise<OnnxModel> {
  if (source.size === 0) throw refused('The file is empty.', 'an ONNX model', '0 bytes');
  const kind = foreignKind(await source.read(0, Math.min(KIND_BYTES, source.size)));
  if (kind) throw refused(`This is ${kind}, not an ONNX model.`, 'an ONNX model', kind);
  const reader = new WindowReader(source);
  let irVersion = 0;
  let graph: Graph | undefined;
  const opsets = new Map<string, number>();
  const preamble: Bytes[] = [];
  const keep = budget();
  for (let offset = 0; offset < source.size; ) {
    const head = await reader.head(offset, source.size);
    const next = head.next + head.length;
    if (head.number === MODEL.irVersion) irVersion = expectWire(head, WIRE.varint).value;
    else if (head.number === MODEL.graph) {
      expectWire(head, WIRE.bytes);
      if (graph) throw refused('This file is not an ONNX model.', 'one graph', 'two');
      graph = await readGraph(reader, head.next, next, keep);
    } else if (head.number !== MODEL.trainingInfo) {
      keep(next - offset);
      const raw = await reader.bytes(offset, next - offset);
      preamble.push(raw);
      if (head.number === MODEL.opsetImport) opsets.set(...opsetOf(raw));
    }
    offset = next;
  }
  if (!graph) throw refused('This file is not an ONNX model: it holds no graph.', 'a graph', 'none');
  if (opsets.size === 0) {
    throw refused('The model does not say which operator set it uses.', 'an opset_import', 'none');
  }
  if (graph.nodes.length === 0) throw refused('The model’s graph is empty.', 'at least one node', 'none');
  const initializers = await takeSmallExternals(graph.initializers, options);
  return { irVersion, opsets, preamble, ...graph, initializers };
}

type Graph = Omit<OnnxModel, 'irVersion' | 'opsets' | 'preamble'>;

async function readGraph(
  reader: WindowReader,
  start: number,
  end: number,
  keep: (bytes: number) => void,
): Promise<Graph> {
  let name = '';
  const nodes: { proto: Bytes; offset: number }[] = [];
  const initializers: StoredTensor[] = [];
  const lists = new Map<number, Bytes[]>();
  const list = (number: number): Bytes[] => {
    const found = lists.get(number) ?? [];
    lists.set(number, found);
    return found;
  };
  for (let offset = start; offset < end; ) {
    const head = await reader.head(offset, end);
    const next = head.next + head.length;
    keep(1);
    if (head.number === GRAPH.initializer) {
      expectWire(head, WIRE.bytes);
      const tensor = await readTensor(reader, head.next, next);
      keep(tensor.proto.length);
      initializers.push(tensor);
    } else if (head.wire === WIRE.bytes) {
      keep(head.length);
      const body = await reader.bytes(head.next, head.length);
      if (head.number === GRAPH.node) nodes.push({ proto: body, offset: head.next });
      else if (head.number === GRAPH.name) name = textOf(body);
      else list(head.number).push(body);
    }
    if (nodes.length + initializers.length > MAX_ITEMS) {
      throw refused(
        'The model’s graph is too large to read.',
        `at most ${MAX_ITEMS} nodes and weights`,
        'more',
      );
    }
    offset = next;
  }
  return {
    name,
    nodes,
    initializers,
    sparseInitializers: list(GRAPH.sparseInitializer),
    inputs: list(GRAPH.input),
    outputs: list(GRAPH.output),
    valueInfos: list(GRAPH.valueInfo),
  };
}

async function takeSmallExternals(
  tensors: readonly StoredTensor[],
  { externalSource }: ReadModelOptions,
): Promise<readonly StoredTensor[]> {
  if (!externalSource) return tensors;
  return Promise.all(
    tensors.map(async (tensor): Promise<StoredTensor> => {
      const { body } = tensor;
      if (!body || body.file === '' || body.length > INLINE_BYTES) return tensor;
      const source = externalSource(body.file);
      if (!source) return tensor;
      const values = await source.read(body.offset, body.length);
      return { ...tensor, proto: inlineTensor(tensor.proto, values), body: null };
    }),
  );
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

function budget(): (bytes: number) => void {
  let left = MAX_KEPT_BYTES;
  return (bytes) => {
    left -= bytes;
    if (left < 0) {
      const limit = `${MAX_KEPT_BYTES / 1024 / 1024} MB`;
      throw refused(`The model holds more than ${limit} besides its weights.`, `at most ${limit}`, 'more');
    }
  };
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
