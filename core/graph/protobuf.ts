import { ModelFormatError } from '../errors.ts';

/** How a protobuf field is laid out after its tag. Groups (3 and 4) are not used by ONNX and refused. */
export type WireType = 0 | 1 | 2 | 5;

/** Wire types by name. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** One field of a message. Its views point into the message's own bytes and are made when asked for. */
export class Field {
  readonly number: number;
  readonly wire: WireType;
  /** A varint as a signed 64-bit integer, rounded past 2^53: enough for dims and enums, which is all we read. */
  readonly value: number;
  readonly #message: Uint8Array<ArrayBuffer>;
  readonly #tag: number;
  readonly #payload: number;
  readonly #end: number;

  /** The field at `offset` of a message. Throws ModelFormatError when it does not fit. */
  constructor(message: Uint8Array<ArrayBuffer>, offset: number) {
    const { number, wire, value, length, next } = readHead(message, offset);
    if (next + length > message.length) throw truncated(length, message.length - next);
    this.number = number;
    this.wire = wire;
    this.value = value;
    this.#message = message;
    this.#tag = offset;
    this.#payload = next;
    this.#end = next + length;
  }

  /** Where the next field begins. */
  get end(): number {
    return this.#end;
  }

  /** Bytes of the payload; 0 for a varint. */
  get length(): number {
    return this.#end - this.#payload;
  }

  /** The payload of a length-delimited or fixed field; empty for a varint. */
  get body(): Uint8Array<ArrayBuffer> {
    return this.#message.subarray(this.#payload, this.#end);
  }

  /** Tag and payload as they stand, to be copied verbatim. */
  get raw(): Uint8Array<ArrayBuffer> {
    return this.#message.subarray(this.#tag, this.#end);
  }
}

/** A tag and, depending on the wire type, a varint's value or a payload's length; `next` is the offset after. */
export interface FieldHead {
  readonly number: number;
  readonly wire: WireType;
  readonly value: number;
  readonly length: number;
  readonly next: number;
}

/** No tag with its length or value is longer: two varints. */
export const MAX_HEAD_BYTES = 20;

const TWO_32 = 2 ** 32;

/**
 * Reads the tag at `offset` and the varint after it.
 * @throws ModelFormatError when these bytes are no protobuf.
 */
export function readHead(bytes: Uint8Array, offset: number): FieldHead {
  const tag = readVarint(bytes, offset);
  const number = Math.floor(tag.value / 8);
  const wire = tag.value % 8;
  if (number < 1 || number >= 2 ** 29) throw notProtobuf('a field number', `${number}`);
  switch (wire) {
    case WIRE.varint: {
      const { value, next } = readVarint(bytes, tag.next);
      return { number, wire, value, length: 0, next };
    }
    case WIRE.bytes: {
      const { value: length, next } = readVarint(bytes, tag.next);
      if (length < 0) throw notProtobuf('a length', `${length}`);
      return { number, wire, value: 0, length, next };
    }
    case WIRE.fixed64:
      return { number, wire, value: 0, length: 8, next: tag.next };
    case WIRE.fixed32:
      return { number, wire, value: 0, length: 4, next: tag.next };
    default:
      throw notProtobuf('wire type 0, 1, 2 or 5', `${wire}`);
  }
}

/** The fields of a message held in memory, in order. Throws ModelFormatError when they do not fit it exactly. */
export function* fieldsOf(message: Uint8Array<ArrayBuffer>): Generator<Field, void, undefined> {
  for (let offset = 0; offset < message.length; ) {
    const field = new Field(message, offset);
    yield field;
    offset = field.end;
  }
}

/** A repeated integer field, packed or not, appended to `into`. */
export function appendVarints(into: number[], field: Field): void {
  if (field.wire === WIRE.varint) {
    into.push(field.value);
    return;
  }
  for (let offset = 0; offset < field.body.length; ) {
    const { value, next } = readVarint(field.body, offset);
    into.push(value);
    offset = next;
  }
}

/** One varint as a signed 64-bit integer, rounded past 2^53, and the offset after it. */
export function readVarint(bytes: Uint8Array, offset: number): { value: number; next: number } {
  let low = 0;
  let high = 0;
  for (let index = 0; index < 10; index++) {
    const byte = bytes[offset + index];
    if (byte === undefined) throw truncated(1, 0);
    const bits = byte & 127;
    if (index < 4) low += bits << (7 * index);
    else if (index === 4) {
      low += (bits & 15) * 2 ** 28;
      high = bits >> 4;
    } else high += bits * 2 ** (7 * index - 32);
    if (byte < 128) return { value: signed(low, high), next: offset + index + 1 };
  }
  throw notProtobuf('a varint of at most 10 bytes', 'a longer one');
}

/** The tenth byte of a varint carries one bit; what lies above 64 bits is dropped, as protobuf does. */
function signed(low: number, high: number): number {
  return ((high % TWO_32) | 0) * TWO_32 + low;
}

const DECODER = new TextDecoder();

/** Names of nodes and values are paths of some hundred characters; they end up in messages and tables. */
const MAX_TEXT_BYTES = 16 * 1024;

/** A string field's text. Throws ModelFormatError when it is longer than any name. */
export function textOf(body: Uint8Array): string {
  if (body.length > MAX_TEXT_BYTES) {
    throw new ModelFormatError('A name in this model is too long.', {
      step: 'read the model',
      expected: `at most ${MAX_TEXT_BYTES} bytes`,
      actual: `${body.length} bytes`,
    });
  }
  return DECODER.decode(body);
}

function truncated(expected: number, actual: number): ModelFormatError {
  return new ModelFormatError('The file ends in the middle: it was cut short while it was saved or sent.', {
    step: 'read the model',
    expected: `${expected} more bytes`,
    actual: `${Math.max(0, actual)} bytes`,
  });
}

function notProtobuf(expected: string, actual: string): ModelFormatError {
  return new ModelFormatError('This file is not an ONNX model.', {
    step: 'read the model',
    expected,
    actual,
  });
}
