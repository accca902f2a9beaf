import { ModelFormatError } from '../errors.ts';
import type { ByteRange } from './byte-source.ts';
import { readExternalData } from './external-data.ts';
import { appendVarints, type FieldHead, fieldsOf, textOf, WIRE } from './protobuf.ts';
import { bytesField, concat, textField, varintField } from './protobuf-writer.ts';
import type { WindowReader } from './window-reader.ts';

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
  (
    | { readonly proto: Uint8Array<ArrayBuffer>; readonly body: null }
    | { readonly proto: Uint8Array<ArrayBuffer>; readonly body: ByteRange }
  );

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
const DOUBLE = 11;
const STRING = 8;
const EXTERNAL = 1;

/**
 * Up to here values stay inline: the runtime reads shapes, axes and scales while it loads, and refuses those
 * that are external (facts.md F). No shape is longer, and what is larger is worth leaving in its file.
 */
export const INLINE_BYTES = 1024;

/** Where a field of contiguous values lies. */
interface Chunk {
  readonly number: number;
  readonly offset: number;
  readonly length: number;
}

/**
 * Reads the TensorProto in [start, end) of the file; values over {@link INLINE_BYTES} are not read, only located.
 * @throws ModelFormatError
 */
export async function readTensor(reader: WindowReader, start: number, end: number): Promise<StoredTensor> {
  const kept: Uint8Array<ArrayBuffer>[] = [];
  const chunks: Chunk[] = [];
  for (let offset = start; offset < end; ) {
    const head = await reader.head(offset, end);
    const next = head.next + head.length;
    if (isContiguous(head)) chunks.push({ number: head.number, offset: head.next, length: head.length });
    else kept.push(await reader.bytes(offset, next - offset));
    offset = next;
  }
  const fields = concat(kept);
  const facts = tensorFacts(fields);
  const chunk = chunks[0];
  if (facts.external) {
    const body = readExternalData(facts.name, facts.external, facts);
    return { ...facts.head, bytes: body.length, proto: facts.rest, body };
  }
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0) || fields.length;
  if (chunk && chunks.length === 1 && fits(chunk, facts.code) && chunk.length > INLINE_BYTES) {
    const body = { file: '', offset: chunk.offset, length: chunk.length };
    return { ...facts.head, bytes, proto: fields, body };
  }
  return { ...facts.head, bytes, proto: await reader.bytes(start, end - start), body: null };
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

interface TensorFacts {
  readonly name: string;
  readonly code: number;
  readonly dims: readonly number[];
  readonly head: Omit<TensorHead, 'bytes'>;
  /** The StringStringEntryProto of an external tensor. */
  readonly external: ReadonlyMap<string, string> | null;
  /** The fields without those that say where external values are. */
  readonly rest: Uint8Array<ArrayBuffer>;
}

function tensorFacts(proto: Uint8Array<ArrayBuffer>): TensorFacts {
  let name = '';
  let code = 0;
  let location = 0;
  const dims: number[] = [];
  const external = new Map<string, string>();
  const rest: Uint8Array[] = [];
  for (const field of fieldsOf(proto)) {
    if (field.number === TENSOR.dims) appendVarints(dims, field);
    if (field.number === TENSOR.dataType) code = field.value;
    if (field.number === TENSOR.name) name = textOf(field.body);
    if (field.number === TENSOR.dataLocation) location = field.value;
    else if (field.number === TENSOR.externalData) external.set(...entryOf(field.body));
    else rest.push(field.raw);
  }
  if (dims.some((dim) => dim < 0)) {
    throw new ModelFormatError(`The weight "${name}" has a negative size.`, {
      step: 'read the weights',
      expected: 'sizes of 0 or more',
      actual: `[${dims}]`,
    });
  }
  const head = { name, code, dims };
  return { ...head, head, external: location === EXTERNAL ? external : null, rest: concat(rest) };
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

function isContiguous({ number, wire }: FieldHead): boolean {
  const { rawData, floatData, doubleData } = TENSOR;
  return wire === WIRE.bytes && (number === rawData || number === floatData || number === doubleData);
}

/** Packed floats are their own raw form; float_data also carries complex numbers, which stay as they are. */
function fits({ number }: Chunk, code: number): boolean {
  if (number === TENSOR.rawData) return code !== STRING;
  return code === (number === TENSOR.floatData ? FLOAT : DOUBLE);
}
