import * as v from 'valibot';
import { ProtocolError } from '../errors.ts';
import type { DeviceTimes } from '../plan/profile.ts';
import type { Calibration } from '../protocol/calibration.ts';
import type { GraphFile, Inheritance } from './inheritance.ts';
import {
  amount,
  count,
  hash,
  listOf,
  MAX_DEVICES,
  MAX_TENSORS,
  name,
  peer,
  type SchemaOf,
} from './parse-basics.ts';
import { model } from './parse-model.ts';
import { spread } from './parse-plan.ts';
import { MAX_PIECES, origin, sample } from './parse-stage.ts';

/** What a leader leaves, as bytes: the length of the JSON, u32 little-endian; the JSON; then the parts of all files. */
const LENGTH_BYTES = 4;
/** A graph of some megabytes and what was measured of its blocks; a larger one is not handed on. */
export const MAX_INHERITANCE_BYTES: number = 64 * 1024 ** 2;
/** Blocks of the deepest graphs in use are some thousands. */
const MAX_BLOCKS = 16_384;

const times: SchemaOf<DeviceTimes> = v.object({
  blockMs: listOf(amount, MAX_BLOCKS),
  perItemMs: amount,
  timed: listOf(v.boolean(), MAX_BLOCKS),
  spread,
});
const calibration: SchemaOf<Calibration> = v.object({
  blockMs: listOf(amount, MAX_BLOCKS),
  boundaryBytes: listOf(count, MAX_BLOCKS + 1),
  blockWeightBytes: listOf(count, MAX_BLOCKS),
  blockWorkspaceBytes: listOf(count, MAX_BLOCKS),
  blockTensorBytes: listOf(count, MAX_BLOCKS),
  boundarySamples: listOf(listOf(sample, MAX_TENSORS), MAX_BLOCKS + 1),
  estimated: listOf(v.boolean(), MAX_BLOCKS),
  wholeMs: v.nullable(amount),
});
/** Spans as offset, length, offset, length, … */
const file = v.object({
  name: v.pipe(v.string(), v.maxLength(1024)),
  size: count,
  spans: listOf(count, 1 << 20),
});
const head = v.object({
  card: model,
  origin: v.nullable(origin),
  hashes: listOf(v.nullable(hash), MAX_PIECES),
  calibration,
  benchMs: amount,
  times: listOf(v.tuple([peer, times]), MAX_DEVICES),
  files: listOf(file, 1024),
});

/** Null for one that is too large to be handed on. */
export function encodeInheritance({ files, ...rest }: Inheritance): Uint8Array<ArrayBuffer> | null {
  const parts = files.flatMap((each) => each.parts);
  const spans = files.map(({ name, size, parts }) => ({
    name,
    size,
    spans: parts.flatMap(({ offset, bytes }) => [offset, bytes.byteLength]),
  }));
  const json = new TextEncoder().encode(JSON.stringify({ ...rest, files: spans }));
  const size = parts.reduce((sum, { bytes }) => sum + bytes.byteLength, LENGTH_BYTES + json.byteLength);
  if (size > MAX_INHERITANCE_BYTES) return null;
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, json.byteLength, true);
  bytes.set(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + json.byteLength;
  for (const part of parts) {
    bytes.set(part.bytes, at);
    at += part.bytes.byteLength;
  }
  return bytes;
}

/** @throws ProtocolError */
export function decodeInheritance(bytes: Uint8Array<ArrayBuffer>): Inheritance {
  if (bytes.byteLength < LENGTH_BYTES || bytes.byteLength > MAX_INHERITANCE_BYTES) {
    throw malformed(`${LENGTH_BYTES} to ${MAX_INHERITANCE_BYTES} bytes`, `${bytes.byteLength}`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  let at = LENGTH_BYTES + length;
  if (at > bytes.byteLength) throw malformed(`at most ${bytes.byteLength} bytes of JSON`, `${length}`);
  const read = v.safeParse(head, parsed(bytes.subarray(LENGTH_BYTES, at)), { abortEarly: true });
  if (!read.success) throw malformed(v.getDotPath(read.issues[0]) ?? 'an object', read.issues[0].message);
  const files = read.output.files.map(({ name, size, spans }): GraphFile => {
    const parts: { offset: number; bytes: Uint8Array<ArrayBuffer> }[] = [];
    let end = 0;
    for (let index = 0; index < spans.length; index += 2) {
      const [offset = 0, count = -1] = spans.slice(index, index + 2);
      if (offset < end || count < 0 || offset + count > size || at + count > bytes.byteLength) {
        throw malformed('parts in the order of their file', `${offset}+${count}`);
      }
      end = offset + count;
      parts.push({ offset, bytes: bytes.subarray(at, at + count) });
      at += count;
    }
    return { name, size, parts };
  });
  if (at !== bytes.byteLength) throw malformed(`${at} bytes`, `${bytes.byteLength}`);
  return { ...read.output, files };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw malformed('JSON', 'something else');
  }
}

function malformed(expected: string, actual: string): ProtocolError {
  const step = 'read what the leader left';
  return new ProtocolError(`Could not ${step}: expected ${expected}, got ${actual}.`, {
    step,
    expected,
    actual,
  });
}
