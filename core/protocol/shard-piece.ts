import { ProtocolError } from '../errors.ts';
import type { Epoch } from '../ids.ts';

/** The small ONNX model of a stage, or its pack of weights. */
export type ShardPart = 'model' | 'weights';

/** Some bytes of one part of a shard, beginning at `offset`. How many there are in all is in `load-stage`. */
export interface ShardPiece {
  readonly epoch: Epoch;
  readonly part: ShardPart;
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Little-endian, 24 bytes, then the piece:
 *
 *     0     1            4            8                         16       24
 *     +-----+------------+------------+-------------------------+--------+------
 *     |part | 0   0   0  | epoch u32  | offset u64              | 0 …    | bytes
 *     +-----+------------+------------+-------------------------+--------+------
 */
const PART = 0;
const EPOCH = 4;
const OFFSET = 8;
const HEADER_BYTES = 24;

const PARTS: readonly ShardPart[] = ['model', 'weights'];

/** The parts of a message to send; the piece's bytes are a view, not a copy. */
export function encodeShardPiece(piece: ShardPiece): Uint8Array<ArrayBuffer>[] {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint8(PART, PARTS.indexOf(piece.part));
  view.setUint32(EPOCH, piece.epoch, true);
  view.setBigUint64(OFFSET, BigInt(piece.offset), true);
  return [header, piece.bytes];
}

/** The piece's bytes are a view into `message`. @throws ProtocolError */
export function decodeShardPiece(message: Uint8Array<ArrayBuffer>): ShardPiece {
  if (message.byteLength <= HEADER_BYTES) {
    throw broken('a header and at least one byte', `${message.byteLength} bytes`);
  }
  const view = new DataView(message.buffer, message.byteOffset, HEADER_BYTES);
  const part = PARTS[view.getUint8(PART)];
  if (part === undefined) throw broken('model (0) or weights (1)', `part ${view.getUint8(PART)}`);
  const offset = view.getBigUint64(OFFSET, true);
  if (offset > BigInt(Number.MAX_SAFE_INTEGER)) throw broken('an offset below 2^53', `${offset}`);
  return {
    epoch: view.getUint32(EPOCH, true) as Epoch,
    part,
    offset: Number(offset),
    bytes: message.subarray(HEADER_BYTES),
  };
}

function broken(expected: string, actual: string): ProtocolError {
  return new ProtocolError(`A piece of a shard is malformed: expected ${expected}, got ${actual}.`, {
    step: 'read a piece of a shard',
    expected,
    actual,
  });
}
