import { ProtocolError } from '../errors.ts';

/**
 * What a Link puts before each slice, little-endian:
 *
 *     0      1       2          4           8               12         16       20        24
 *     +------+-------+----------+-----------+---------------+----------+--------+---------+------
 *     | kind | flags | reserved | sequence  | acknowledged  | message  | total  | offset  | bytes
 *     |  u8  |  u8   |   0      |   u32     |     u32       |   u32    |  u32   |   u32   |
 *     +------+-------+----------+-----------+---------------+----------+--------+---------+------
 *
 * `sequence` numbers the packets of a link from 1, so that they can be sent again over another wire and
 * taken once; 0 marks a packet that is about the wire itself. `acknowledged`: every packet up to this one
 * has arrived. `message`, `total` and `offset` say where the bytes belong in an assembled message. Of `flags`, 1 asks
 * for a receipt as soon as the message is whole; packets may overtake each other, so each of the message has it.
 */
const KIND = 0;
const FLAGS = KIND + 1;
const SEQUENCE = FLAGS + 3;
const ACKNOWLEDGED = SEQUENCE + 4;
const MESSAGE = ACKNOWLEDGED + 4;
const TOTAL = MESSAGE + 4;
const OFFSET = TOTAL + 4;
const TIMED = 1;
/** A multiple of 8, so that a message in one packet needs no copy to be aligned. */
export const PACKET_HEADER_BYTES: number = OFFSET + 4;

/** In wire order; the index is the code. The first six are numbered, the others are about the wire. */
const KINDS = [
  'control',
  'activation',
  'shard',
  'probe',
  'receipt',
  'cancel',
  'ping',
  'pong',
  'ack',
  'goodbye',
] as const;

export type PacketKind = (typeof KINDS)[number];
/** Carries part of a message: numbered, acknowledged, sent again when its wire is lost. */
export type MessageKind = 'control' | 'activation' | 'shard' | 'probe' | 'receipt' | 'cancel';

const FIRST_UNNUMBERED = KINDS.indexOf('ping');

export interface PacketHeader {
  readonly kind: PacketKind;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly message: number;
  readonly total: number;
  readonly offset: number;
  /** The sender wants to know when the message is whole. */
  readonly timed?: boolean;
}

/** A code in [0, 16) for map keys and the wire. */
export function kindCode(kind: PacketKind): number {
  return KINDS.indexOf(kind);
}

/** True for the kinds whose packets are numbered. */
export function isMessageKind(kind: PacketKind): kind is MessageKind {
  return kindCode(kind) < FIRST_UNNUMBERED;
}

/** Writes the header into the first {@link PACKET_HEADER_BYTES} bytes of `packet`. */
export function writePacketHeader(packet: Uint8Array<ArrayBuffer>, header: PacketHeader): void {
  const view = new DataView(packet.buffer, packet.byteOffset, PACKET_HEADER_BYTES);
  view.setUint32(KIND, kindCode(header.kind), true);
  if (header.timed) view.setUint8(FLAGS, TIMED);
  view.setUint32(SEQUENCE, header.sequence, true);
  view.setUint32(ACKNOWLEDGED, header.acknowledged, true);
  view.setUint32(MESSAGE, header.message, true);
  view.setUint32(TOTAL, header.total, true);
  view.setUint32(OFFSET, header.offset, true);
}

/** Renews the acknowledgement in a finished packet: it is filled in when the packet goes, maybe again. */
export function writeAcknowledged(packet: Uint8Array<ArrayBuffer>, sequence: number): void {
  new DataView(packet.buffer, packet.byteOffset, PACKET_HEADER_BYTES).setUint32(ACKNOWLEDGED, sequence, true);
}

/** @throws ProtocolError unless the packet has a known kind and its bytes lie within `total`. */
export function readPacketHeader(packet: Uint8Array<ArrayBuffer>): PacketHeader {
  if (packet.byteLength < PACKET_HEADER_BYTES) {
    throw brokenPacket(`at least ${PACKET_HEADER_BYTES} bytes`, `${packet.byteLength} bytes`);
  }
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const kind = KINDS[view.getUint8(KIND)];
  if (!kind) throw brokenPacket(`a kind below ${KINDS.length}`, `${view.getUint8(KIND)}`);
  const header = {
    kind,
    sequence: view.getUint32(SEQUENCE, true),
    acknowledged: view.getUint32(ACKNOWLEDGED, true),
    message: view.getUint32(MESSAGE, true),
    total: view.getUint32(TOTAL, true),
    offset: view.getUint32(OFFSET, true),
    ...((view.getUint8(FLAGS) & TIMED) !== 0 && { timed: true }),
  };
  if (isMessageKind(kind) !== header.sequence > 0) {
    throw brokenPacket(isMessageKind(kind) ? 'a sequence above 0' : 'sequence 0', `${header.sequence}`);
  }
  const end = header.offset + packet.byteLength - PACKET_HEADER_BYTES;
  if (end > header.total) throw brokenPacket(`bytes within ${header.total}`, `bytes up to ${end}`);
  return header;
}

/** The error for a packet that cannot be right. */
export function brokenPacket(expected: string, actual: string): ProtocolError {
  return new ProtocolError(`A packet is malformed: expected ${expected}, got ${actual}.`, {
    step: 'read a packet',
    expected,
    actual,
  });
}
