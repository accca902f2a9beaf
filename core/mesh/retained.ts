import { brokenPacket } from '../protocol/packet.ts';
import { WINDOW_BYTES, WINDOW_PACKETS } from './flow.ts';
import type { Wire } from './wire.ts';

/** A packet that was sent and may have to be sent again. */
export interface RetainedPacket {
  readonly sequence: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The wire that carries it; undefined while it waits for another one. */
  wire: Wire | undefined;
}

/** Packets not yet acknowledged, in order of their numbers: what a lost wire may have swallowed. */
export class RetainedPackets {
  readonly #packets = new Map<number, RetainedPacket>();
  readonly #waiting: RetainedPacket[] = [];
  #bytes = 0;
  #last = 0;
  #acknowledged = 0;

  get isEmpty(): boolean {
    return this.#packets.size === 0;
  }

  /** Every packet up to this number has arrived. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** No new packet may be made while the window is full. */
  get isFull(): boolean {
    return this.#bytes >= WINDOW_BYTES || this.#packets.size >= WINDOW_PACKETS;
  }

  nextSequence(): number {
    return this.#last + 1;
  }

  add(bytes: Uint8Array<ArrayBuffer>): RetainedPacket {
    this.#last += 1;
    const packet = { sequence: this.#last, bytes, wire: undefined };
    this.#packets.set(packet.sequence, packet);
    this.#bytes += bytes.byteLength;
    return packet;
  }

  /** Everything up to `sequence` has arrived. @throws ProtocolError when that was never sent. */
  acknowledge(sequence: number): void {
    if (sequence > this.#last) {
      throw brokenPacket(`an acknowledgement of at most ${this.#last}`, `${sequence}`);
    }
    for (; this.#acknowledged < sequence; this.#acknowledged += 1) {
      const packet = this.#packets.get(this.#acknowledged + 1);
      if (!packet) continue;
      this.#packets.delete(packet.sequence);
      this.#bytes -= packet.bytes.byteLength;
    }
  }

  /** What this wire carried and nobody acknowledged waits for the next wire. */
  lose(wire: Wire): void {
    for (const packet of this.#packets.values()) {
      if (packet.wire !== wire) continue;
      packet.wire = undefined;
      this.#waiting.push(packet);
    }
  }

  /** The next packet to send again. */
  takeWaiting(): RetainedPacket | undefined {
    for (;;) {
      const packet = this.#waiting.shift();
      if (!packet || this.#packets.has(packet.sequence)) return packet;
    }
  }

  clear(): void {
    this.#packets.clear();
    this.#waiting.length = 0;
    this.#bytes = 0;
  }
}
