import { brokenPacket, type MessageKind, type PacketHeader } from '../protocol/packet.ts';
import { Reassembler } from '../protocol/reassembler.ts';
import { WINDOW_PACKETS } from './flow.ts';

type MessageHeader = PacketHeader & { readonly kind: MessageKind };

export interface IntakeListener {
  /** In the order they were sent. */
  control(text: string): void;
  binary(kind: 'activation' | 'shard', bytes: Uint8Array<ArrayBuffer>): void;
  /** A message is whole whose sender wants to know; it follows. */
  whole(message: number): void;
  receipt(message: number, bytes: Uint8Array<ArrayBuffer>): void;
}

/** Control messages that wait for an earlier one, in bytes: far above what a window of packets can hold. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/** Takes each numbered packet once, in whatever order and over whatever wire, and makes messages of them. */
export class Intake {
  readonly #listener: IntakeListener;
  readonly #reassembler = new Reassembler();
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  /** Numbers above {@link upTo} that are here. */
  readonly #ahead = new Set<number>();
  readonly #heldControl = new Map<number, Uint8Array<ArrayBuffer>>();
  /** Cancelled messages, until every packet sent before the cancellation is here. */
  readonly #cancelled = new Map<number, number>();
  #heldBytes = 0;
  #nextControl = 1;
  #upTo = 0;

  constructor(listener: IntakeListener) {
    this.#listener = listener;
  }

  /** Every packet up to this number has arrived. */
  get upTo(): number {
    return this.#upTo;
  }

  /** @throws ProtocolError when a bound is passed or slices contradict each other. */
  take(header: MessageHeader, packet: Uint8Array<ArrayBuffer>): void {
    if (!this.#isNew(header.sequence)) return;
    if (header.kind === 'cancel') this.#cancel(header);
    else if (!this.#isCancelled(header)) this.#assemble(header, packet);
  }

  /** Control messages have numbers of their own, and receipts those of our messages. */
  #isCancelled({ kind, message }: MessageHeader): boolean {
    return kind !== 'control' && kind !== 'receipt' && this.#cancelled.has(message);
  }

  #isNew(sequence: number): boolean {
    if (sequence <= this.#upTo || this.#ahead.has(sequence)) return false;
    if (sequence > this.#upTo + WINDOW_PACKETS) {
      throw brokenPacket(`a sequence of at most ${this.#upTo + WINDOW_PACKETS}`, `${sequence}`);
    }
    this.#ahead.add(sequence);
    while (this.#ahead.delete(this.#upTo + 1)) this.#upTo += 1;
    for (const [message, last] of this.#cancelled) if (last <= this.#upTo) this.#cancelled.delete(message);
    return true;
  }

  #cancel({ message, sequence }: MessageHeader): void {
    this.#reassembler.drop('activation', message);
    this.#reassembler.drop('shard', message);
    if (sequence > this.#upTo) this.#cancelled.set(message, sequence);
  }

  #assemble(header: MessageHeader, packet: Uint8Array<ArrayBuffer>): void {
    const bytes = this.#reassembler.add(header, packet);
    if (!bytes) return;
    const { kind, message, timed } = header;
    if (kind === 'control') this.#order(message, bytes);
    else if (kind === 'receipt') this.#listener.receipt(message, bytes);
    else {
      // Before the message itself, whose receiver may work on it for a while.
      if (timed) this.#listener.whole(message);
      // A probe is put together like any other message, and that is all.
      if (kind === 'activation' || kind === 'shard') this.#listener.binary(kind, bytes);
    }
  }

  #order(message: number, bytes: Uint8Array<ArrayBuffer>): void {
    if (message < this.#nextControl || this.#heldControl.has(message)) {
      throw brokenPacket('a new control message', `number ${message} once more`);
    }
    this.#heldControl.set(message, bytes);
    this.#heldBytes += bytes.byteLength;
    if (this.#heldBytes > MAX_HELD_BYTES || this.#heldControl.size > WINDOW_PACKETS) {
      throw brokenPacket(`control message ${this.#nextControl}`, `${this.#heldControl.size} later ones`);
    }
    for (;;) {
      const next = this.#heldControl.get(this.#nextControl);
      if (!next) return;
      this.#heldControl.delete(this.#nextControl);
      this.#heldBytes -= next.byteLength;
      this.#nextControl += 1;
      this.#listener.control(this.#decode(next));
    }
  }

  #decode(bytes: Uint8Array<ArrayBuffer>): string {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      throw brokenPacket('UTF-8', 'other bytes');
    }
  }
}
