import { WIRE } from './protobuf.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const ENCODER = new TextEncoder();

/** A field that holds an integer from 0 to 2^53. */
export function varintField(number: number, value: number): Bytes {
  return Uint8Array.from([...varint(number * 8 + WIRE.varint), ...varint(value)]);
}

/** A field that holds bytes or a nested message made of `parts`, end to end. */
export function bytesField(number: number, ...parts: readonly Uint8Array[]): Bytes {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return concat([Uint8Array.from([...varint(number * 8 + WIRE.bytes), ...varint(length)]), ...parts]);
}

/** A field that holds UTF-8 text. */
export function textField(number: number, text: string): Bytes {
  return bytesField(number, ENCODER.encode(text));
}

/** All parts in one buffer of exactly their length. */
export function concat(parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function varint(value: number): number[] {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`cannot write ${value} as a varint`);
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}
