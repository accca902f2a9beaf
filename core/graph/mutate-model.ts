import { type Field, fieldsOf, textOf } from './protobuf.ts';
import { bytesField, concat, textField, varintField } from './protobuf-writer.ts';

/** For tests: damaged and altered models, the same for the same random numbers. */

type Bytes = Uint8Array<ArrayBuffer>;
type Random = () => number;

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
const below = (random: Random, limit: number): number => Math.floor(random() * limit);

/** Some altered copy of a model: in its bytes, or in its fields with all lengths right. `others` lend parts. */
export function mutateModel(seed: Bytes, others: readonly Bytes[], random: Random): Bytes {
  let bytes = seed;
  const byteWise = random() < 0.3;
  for (let changes = 1 + below(random, 3); changes > 0; changes--) {
    bytes = byteWise ? pick(random, ON_BYTES)(bytes, random, others) : changeFields(bytes, random);
  }
  return bytes;
}

type OnBytes = (bytes: Bytes, random: Random, others: readonly Bytes[]) => Bytes;

/** Varints at the ends of their range, and one byte too long. */
const EXTREMES = [[0], [1], [127], [255, 255, 255, 255, 15], [...Array(9).fill(255), 1], Array(11).fill(255)];

const ON_BYTES: readonly OnBytes[] = [
  (bytes, random) => {
    const copy = bytes.slice();
    const at = below(random, copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << below(random, 8));
    return copy;
  },
  (bytes, random) => {
    const copy = bytes.slice();
    copy[below(random, copy.length)] = pick(random, [0, 1, 2, 10, 127, 128, 255]);
    return copy;
  },
  (bytes, random) => {
    const at = below(random, bytes.length);
    return concat([bytes.subarray(0, at), Uint8Array.from(pick(random, EXTREMES)), bytes.subarray(at)]);
  },
  (bytes, random) => {
    const at = below(random, bytes.length);
    return concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(random, 8))]);
  },
  (bytes, random) => bytes.slice(0, below(random, bytes.length)),
  (bytes, random) => {
    const at = below(random, bytes.length);
    const part = bytes.subarray(at, at + below(random, 64));
    return concat([bytes.subarray(0, at), part, part, bytes.subarray(at)]);
  },
  (bytes, random, others) => {
    const other = pick(random, others);
    return concat([
      bytes.subarray(0, below(random, bytes.length)),
      other.subarray(below(random, other.length)),
    ]);
  },
];

/** Which fields of a message are messages (onnx.proto3). */
const SCHEMA: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  model: { 7: 'graph', 8: 'opset', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 11: 'value', 12: 'value', 13: 'value', 15: 'sparse' },
  function: { 7: 'node' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: { 13: 'entry' },
  value: { 2: 'type' },
  type: { 1: 'tensorType', 4: 'sequence' },
  tensorType: { 2: 'shape' },
  shape: { 1: 'dim' },
};
/** Which fields hold the name of a value. */
const NAMES: Readonly<Record<string, readonly number[]>> = { node: [1, 2], value: [1], tensor: [8] };

/** Small numbers that mean something somewhere, then large ones. */
const NUMBERS = [0, 1, 2, 3, 7, 8, 10, 16, 22, 127, 65_536, 2 ** 32, 2 ** 49, Number.MAX_SAFE_INTEGER];
/** 2^63 - 1 and -1, as they stand in a file. */
const ENDS = [
  [255, 255, 255, 255, 255, 255, 255, 255, 127],
  [255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
];

function anyVarint(number: number, random: Random): Bytes {
  if (random() < 0.7) return varintField(number, pick(random, NUMBERS));
  const field = varintField(number, 0);
  return concat([field.subarray(0, field.length - 1), Uint8Array.from(pick(random, ENDS))]);
}

function changeFields(bytes: Bytes, random: Random): Bytes {
  try {
    return changeMessage(bytes, 'model', valueNames(bytes), random);
  } catch {
    // An earlier change has left no message here: it stays as it is.
    return bytes;
  }
}

function changeMessage(message: Bytes, kind: string, names: readonly string[], random: Random): Bytes {
  const fields = [...fieldsOf(message)];
  const raws: Bytes[] = fields.map(({ raw }) => raw);
  const inner = SCHEMA[kind] ?? {};
  const messages = [...fields.keys()].filter((at) => inner[fields[at]?.number ?? 0]);
  if (messages.length > 0 && random() < 0.8) {
    const at = pick(random, messages);
    const field = fields[at] as Field;
    raws[at] = bytesField(field.number, changeMessage(field.body, inner[field.number] ?? '', names, random));
    return concat(raws);
  }
  if (fields.length === 0) return anyVarint(1 + below(random, 16), random);
  const at = below(random, fields.length);
  const { number, wire } = fields[at] as Field;
  const to = below(random, fields.length);
  const raw = raws[at] as Bytes;
  const action = below(random, 6);
  if (action === 0) raws.splice(to, 0, raw);
  else if (action === 1) raws.splice(at, 1);
  else if (action === 2) [raws[at], raws[to]] = [raws[to] as Bytes, raw];
  else if (wire === 0) raws[at] = anyVarint(number, random);
  else if (NAMES[kind]?.includes(number)) raws[at] = textField(number, pick(random, names));
  else if (action === 3) raws[at] = bytesField(number, (fields[to] as Field).body);
  else if (action === 4)
    raws[at] = textField(number, pick(random, [...names, '', 'ai.onnx', 'If', 'Constant']));
  else raws[at] = bytesField(1 + below(random, 30), (fields[at] as Field).body);
  return concat(raws);
}

/** Names of values that the nodes of the main graph use, and ''. */
function valueNames(model: Bytes): readonly string[] {
  const names = new Set(['']);
  for (const graph of fieldsOf(model)) {
    if (graph.number !== 7) continue;
    for (const node of fieldsOf(graph.body)) {
      if (node.number !== 1) continue;
      for (const field of fieldsOf(node.body)) if (field.number <= 2) names.add(textOf(field.body));
    }
  }
  return [...names];
}
