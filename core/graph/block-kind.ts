import { closureOf } from './closure.ts';
import type { ModelGraph } from './model-graph.ts';
import { fieldsOf } from './protobuf.ts';
import type { Shard } from './shard.types.ts';
import { TENSOR } from './stored-tensor.ts';

/** NodeProto.attribute and TensorProto.doc_string (onnx.proto3). */
const ATTRIBUTE = 5;
const DOC_STRING = 12;
/** TensorProto.DataType of int32, int64, string and bool: shapes, axes, indices and conditions, which steer the work. */
const STEERING: ReadonlySet<number> = new Set([6, 7, 8, 9]);

/**
 * A text that is equal for shards that do the same work on weights of the same shapes, such as the layers of a
 * decoder: operators, attributes, wiring and sizes of weights count, names and values of weights do not.
 * Bodies of If and Loop count with their names; shapes of what enters are the caller's to compare.
 * O(bytes of the shard's nodes).
 */
export function blockKind(graph: ModelGraph, { inputs, outputs }: Shard): string {
  const ids = new Map<string, number>();
  const idOf = (name: string): number => {
    const id = ids.get(name) ?? ids.size;
    ids.set(name, id);
    return id;
  };
  const boundary = (values: Shard['inputs']): string =>
    values.map(({ name, dtype }) => `${idOf(name)}:${dtype}`).join();
  const closure = closureOf(
    graph,
    outputs.map(({ name }) => name),
    new Set(inputs.map(({ name }) => name)),
  );
  const lines = [boundary(inputs)];
  for (const index of closure.nodes) {
    const node = graph.nodes[index];
    if (!node) continue;
    const wiring = [node.inputs, node.reads, node.outputs].map((names) =>
      names.map((name) => (name === '' ? '' : idOf(name))).join(),
    );
    lines.push(`${node.domain}.${node.opType}(${wiring.join(';')})${attributesOf(node.proto)}`);
  }
  lines.push(
    boundary(outputs),
    ...[...closure.stored].map((name) => `${idOf(name)}=${weightText(graph, name)}`).sort(),
  );
  return lines.join('\n');
}

function attributesOf(proto: Uint8Array<ArrayBuffer>): string {
  return [...fieldsOf(proto)]
    .flatMap(({ number, raw }) => (number === ATTRIBUTE ? [textFrom(raw)] : []))
    .join('');
}

function weightText(graph: ModelGraph, name: string): string {
  const weight = graph.initializers.get(name);
  // Sparse weights are rare: each is a kind of its own.
  if (!weight) return name;
  const values = weight.body || !STEERING.has(weight.code) ? '' : valuesOf(weight.proto);
  return `${weight.code}[${weight.dims}]${weight.body ? 'external' : 'inline'}${values}`;
}

function valuesOf(proto: Uint8Array<ArrayBuffer>): string {
  const ours = [...fieldsOf(proto)].filter(({ number }) => number !== TENSOR.name && number !== DOC_STRING);
  return ours.map(({ raw }) => textFrom(raw)).join('');
}

/** One character for each byte: to compare, not to read. */
function textFrom(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
