import {
  brokenPacket,
  kindCode,
  type MessageKind,
  PACKET_HEADER_BYTES,
  type PacketHeader,
} from './packet.ts';

const MIB = 1024 * 1024;

/** Bytes; larger messages are refused on both sides. The largest activation seen is 1.2 MB (facts.md F). */
export const LARGEST_MESSAGE: Readonly<Record<MessageKind, number>> = {
  control: MIB,
  activation: 256 * MIB,
  // A piece of the largest models, and its header.
  shard: 16 * MIB + 8,
  probe: 4 * MIB,
  receipt: 64,
  cancel: 16,
};
/**
 * Begun but not finished at one time. In order it would be one of each kind; when a wire is lost, every
 * message of a window of 8 MiB may lack a packet, and each has at least one full packet of 64 KiB.
 */
const MAX_UNFINISHED = 128;
/** Memory for them: the largest activation, a piece of weights, and a window of packets of others. */
const MAX_UNFINISHED_BYTES = 288 * MIB;
/** Gaps in one message: every second of the 64 KiB slices of the largest message, at the very worst. */
const MAX_RUNS = 2048;
/** A message gets all of its memory once this share of it is here: what a peer only announces takes none. */
const SHARE_TO_RESERVE = 1 / 8;
/** What a slice takes besides its bytes while it waits for that. */
const SLICE_BYTES = 256;

interface Unfinished {
  readonly total: number;
  /** All of the message, once enough of it is here. */
  bytes: Uint8Array<ArrayBuffer> | undefined;
  /** Slices that came before that, as views of their packets. */
  early: { readonly offset: number; readonly slice: Uint8Array<ArrayBuffer> }[];
  /** Memory that it takes now. */
  held: number;
  /** Ends of the runs of bytes present, by their beginnings. Runs that touch are one. */
  readonly runs: Map<number, number>;
  /** The same runs, beginnings by their ends. */
  readonly starts: Map<number, number>;
  missing: number;
}

/**
 * Puts slices together, in any order, under bounds: one allocation and one copy per message. Memory is taken as bytes
 * arrive, at most eight times as many, and never because of what a peer says of a message's length.
 */
export class Reassembler {
  readonly #unfinished = new Map<number, Unfinished>();
  #unfinishedBytes = 0;

  get unfinished(): number {
    return this.#unfinished.size;
  }

  /** Memory that unfinished messages take, in bytes. */
  get unfinishedBytes(): number {
    return this.#unfinishedBytes;
  }

  /**
   * Takes the slice in `packet` and returns its message once that is complete; the caller owns the result.
   * A message in a single packet that fills its buffer is not copied: the result is a view of the packet.
   * @throws ProtocolError when a bound is passed, or a slice overlaps another or disagrees about the total.
   */
  add(
    header: PacketHeader & { readonly kind: MessageKind },
    packet: Uint8Array<ArrayBuffer>,
  ): Uint8Array<ArrayBuffer> | undefined {
    const slice = packet.subarray(PACKET_HEADER_BYTES);
    const { total, offset } = header;
    const limit = LARGEST_MESSAGE[header.kind];
    if (total > limit) throw brokenPacket(`a message of at most ${limit} bytes`, `${total} bytes`);
    if (slice.byteLength === total)
      return packet.byteLength === packet.buffer.byteLength ? slice : slice.slice();
    if (slice.byteLength === 0) throw brokenPacket('at least one byte of the message', 'none');
    const key = kindCode(header.kind) * 2 ** 32 + header.message;
    const message = this.#unfinished.get(key) ?? this.#begin(key, total);
    if (message.total !== total) throw brokenPacket(`a total of ${message.total} as before`, `${total}`);
    this.#cover(message, offset, offset + slice.byteLength);
    message.missing -= slice.byteLength;
    if (message.bytes) message.bytes.set(slice, offset);
    else this.#early(message, offset, slice);
    if (message.missing > 0) return undefined;
    this.#forget(key, message);
    return message.bytes;
  }

  /** Frees an unfinished message, if there is one. */
  drop(kind: MessageKind, message: number): void {
    const key = kindCode(kind) * 2 ** 32 + message;
    const unfinished = this.#unfinished.get(key);
    if (unfinished) this.#forget(key, unfinished);
  }

  #begin(key: number, total: number): Unfinished {
    if (this.#unfinished.size >= MAX_UNFINISHED) {
      throw brokenPacket(`at most ${MAX_UNFINISHED} unfinished messages`, 'one more');
    }
    const runs = new Map<number, number>();
    const starts = new Map<number, number>();
    const message = { total, bytes: undefined, early: [], held: 0, runs, starts, missing: total };
    this.#unfinished.set(key, message);
    return message;
  }

  /** Keeps a slice until enough of its message is here to take memory for all of it. */
  #early(message: Unfinished, offset: number, slice: Uint8Array<ArrayBuffer>): void {
    const { total, missing, early } = message;
    if (total - missing < total * SHARE_TO_RESERVE) {
      // A packet inside a larger buffer would keep all of that alive.
      const own = slice.byteOffset + slice.byteLength === slice.buffer.byteLength ? slice : slice.slice();
      this.#hold(message, message.held + own.buffer.byteLength + SLICE_BYTES);
      early.push({ offset, slice: own });
      return;
    }
    this.#hold(message, total);
    const bytes = new Uint8Array(total);
    for (const each of [...early, { offset, slice }]) bytes.set(each.slice, each.offset);
    message.bytes = bytes;
    message.early = [];
  }

  #hold(message: Unfinished, held: number): void {
    const all = this.#unfinishedBytes + held - message.held;
    if (all > MAX_UNFINISHED_BYTES) {
      throw brokenPacket(`at most ${MAX_UNFINISHED_BYTES} unfinished bytes`, `${all}`);
    }
    this.#unfinishedBytes = all;
    message.held = held;
  }

  #forget(key: number, message: Unfinished): void {
    this.#unfinished.delete(key);
    this.#unfinishedBytes -= message.held;
  }

  /** Marks [start, end) as present and joins it to its neighbours. Mostly one run: linear only in the gaps. */
  #cover({ runs, starts }: Unfinished, start: number, end: number): void {
    for (const [from, to] of runs) {
      if (start < to && from < end) throw brokenPacket('new bytes', `bytes ${start} to ${end} once more`);
    }
    if (runs.size >= MAX_RUNS) throw brokenPacket(`at most ${MAX_RUNS} separate runs of bytes`, 'one more');
    const left = starts.get(start) ?? start;
    const right = runs.get(end) ?? end;
    runs.delete(end);
    starts.delete(start);
    starts.set(right, left);
    runs.set(left, right);
  }
}
