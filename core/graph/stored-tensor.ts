import { ModelFormatError } from '../errors.ts';
import type { ByteRange } from './byte-source.ts';
import { readExternalData } from './external-data.ts';
import { type FieldHead, fieldsOf, textOf, WIRE } from './protobuf.ts';
import { bytesField, concat, textField, varintField } from './protobuf-writer.ts';
import type { ReadBudget } from './read-budget.ts';
import { appendDims, valueBytes } from './tensor-size.ts';
import type { WindowReader } from './window-reader.ts';

type Bytes = Uint8Array<ArrayBuffer>;

interface TensorHead {
  readonly name: string;
  /** TensorProto.DataType, also of types that cannot cross a cut. */
  readonly code: number;
  readonly dims: readonly number[];
  /** Size of the values, in bytes. */
  readonly bytes: number;
}

/**
 * An initialiser: either the whole TensorProto, or its fields without the values and the byte range where the
 * values lie, little-endian and contiguous.
 */
export type StoredTensor = TensorHead &
  ({ readonly proto: Bytes; readonly body: null } | { readonly proto: Bytes; readonly body: ByteRange });

/** TensorProto's field numbers (onnx.proto3). */
export const TENSOR = {
  dims: 1,
  dataType: 2,
  floatData: 4,
  int32Data: 5,
  stringData: 6,
  int64Data: 7,
  name: 8,
  rawData: 9,
  doubleData: 10,
  uint64Data: 11,
  externalData: 13,
  dataLocation: 14,
} as const;

const FLOAT = 1;
const STRING = 8;
const DOUBLE = 11;
const EXTERNAL = 1;

/**
 * Up to here values stay inline: the runtime reads shapes, axes and scales while it loads, and refuses those
 * that are external (facts.md F). No shape is longer, and what is larger is worth leaving in its file.
 */
export const INLINE_BYTES = 1024;

/** A field of a tensor that was read, or one of values that was only located. */
type Part = Bytes | { readonly head: FieldHead; readonly start: number };

/**
 * Reads the TensorProto in [start, end) of the file; values over {@link INLINE_BYTES} that lie as the runtime
 * takes them are not read, only located. Others (strings, integers as varints) come along inline.
 * @throws ModelFormatError
 */
export async function readTensor(
  reader: WindowReader,
  start: number,
  end: number,
  budget: ReadBudget,
): Promise<StoredTensor> {
  const take = (from: number, to: number): Promise<Bytes> => {
    budget.keep(to - from);
    return reader.view(from, to - from);
  };
  const parts: Part[] = [];
  for (let offset = start; offset < end; ) {
    const head = end - offset > INLINE_BYTES ? await reader.head(offset, end) : null;
    if (!head || (VALUES.has(head.number) && !isContiguous(head))) {
      parts.push(await take(offset, end));
      break;
    }
    budget.item();
    const next = head.next + head.length;
    if (isContiguous(head) && head.length > INLINE_BYTES) parts.push({ head, start: offset });
    else parts.push(await take(offset, next));
    offset = next;
  }
  const read = parts.filter((part) => part instanceof Uint8Array);
  const located = parts.flatMap((part) => (part instanceof Uint8Array ? [] : part.head));
  const facts = tensorFacts(concat(read));
  const { name, code, dims } = facts;
  const size = valueBytes(name, code, dims);
  if (facts.external) {
    const body = readExternalData(name, facts.external, size);
    return { name, code, dims, bytes: body.length, proto: facts.rest, body };
  }
  const [values] = located;
  if (values && located.length === 1 && !facts.inlineValues && fits(values, code)) {
    if (size !== null && size !== values.length) throw wrongSize(facts, size, values.length);
    const body = { file: '', offset: values.next, length: values.length };
    return { name, code, dims, bytes: values.length, proto: facts.rest, body };
  }
  const all: Bytes[] = [];
  for (const part of parts) {
    all.push(part instanceof Uint8Array ? part : await take(part.start, part.head.next + part.head.length));
  }
  const proto = concat(all);
  return { name, code, dims, bytes: size ?? proto.length, proto, body: null };
}

/** A TensorProto whose values are in the pack at `offset`. */
export function externalTensor(
  proto: Uint8Array,
  location: string,
  offset: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  const entry = (key: string, value: string): Uint8Array =>
    bytesField(TENSOR.externalData, textField(1, key), textField(2, value));
  return concat([
    proto,
    entry('location', location),
    entry('offset', String(offset)),
    entry('length', String(length)),
    varintField(TENSOR.dataLocation, EXTERNAL),
  ]);
}

/** A TensorProto with its values inline. */
export function inlineTensor(proto: Uint8Array, values: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat([proto, bytesField(TENSOR.rawData, values)]);
}

interface TensorFacts extends Omit<TensorHead, 'bytes'> {
  /** The StringStringEntryProto of an external tensor. */
  readonly external: ReadonlyMap<string, string> | null;
  /** Whether some values are among the fields. */
  readonly inlineValues: boolean;
  /** The fields without those that say where external values are. */
  readonly rest: Bytes;
}

function tensorFacts(proto: Bytes): TensorFacts {
  let name = '';
  let code = 0;
  let location = 0;
  let inlineValues = false;
  const dims: number[] = [];
  const external = new Map<string, string>();
  // Where the fields lie that stay, in runs: a weight of many strings has a field for each.
  const rest: Uint8Array[] = [];
  let kept = 0;
  let offset = 0;
  for (const field of fieldsOf(proto)) {
    if (field.number === TENSOR.dims) appendDims(dims, field);
    else if (field.number === TENSOR.dataType) code = field.value;
    else if (field.number === TENSOR.name) name = textOf(field.body);
    else if (field.number === TENSOR.dataLocation) location = field.value;
    else if (field.number === TENSOR.externalData) external.set(...entryOf(field.body));
    else if (VALUES.has(field.number)) inlineValues = true;
    if (field.number === TENSOR.dataLocation || field.number === TENSOR.externalData) {
      rest.push(proto.subarray(kept, offset));
      kept = field.end;
    }
    offset = field.end;
  }
  rest.push(proto.subarray(kept));
  return {
    name,
    code,
    dims,
    external: location === EXTERNAL ? external : null,
    inlineValues,
    rest: concat(rest),
  };
}

function entryOf(body: Uint8Array<ArrayBuffer>): [key: string, value: string] {
  let key = '';
  let value = '';
  for (const field of fieldsOf(body)) {
    if (field.number === 1) key = textOf(field.body);
    if (field.number === 2) value = textOf(field.body);
  }
  return [key, value];
}

/** Fields with a varint for each element, or a field for each string: never as the runtime takes them. */
const VARINT_VALUES: ReadonlySet<number> = new Set([
  TENSOR.int32Data,
  TENSOR.stringData,
  TENSOR.int64Data,
  TENSOR.uint64Data,
]);
const PLAIN_VALUES: ReadonlySet<number> = new Set([TENSOR.rawData, TENSOR.floatData, TENSOR.doubleData]);
const VALUES: ReadonlySet<number> = new Set([...VARINT_VALUES, ...PLAIN_VALUES]);

function isContiguous({ number, wire }: FieldHead): boolean {
  return wire === WIRE.bytes && PLAIN_VALUES.has(number);
}

/** Packed floats are their own raw form; float_data also carries complex numbers, which stay as they are. */
function fits({ number }: FieldHead, code: number): boolean {
  if (number === TENSOR.rawData) return code !== STRING;
  return code === (number === TENSOR.floatData ? FLOAT : DOUBLE);
}

function wrongSize({ name, code, dims }: TensorFacts, expected: number, actual: number): ModelFormatError {
  return new ModelFormatError(
    `The weight "${name.slice(0, 100)}" holds ${actual} bytes, but its shape takes ${expected}.`,
    {
      step: 'read the weights',
      expected: `${expected} bytes for type ${code} and shape [${dims}]`,
      actual: `${actual} bytes`,
    },
  );
}
