import { LinkClosedError } from '../../../core/errors.ts';
import type { Dial } from '../../../core/mesh/dial.ts';
import { LOW_WATER_BYTES } from '../../../core/mesh/flow.ts';
import type { Wire, WireKind, WireListener } from '../../../core/mesh/wire.ts';
import { WireInbox } from '../../../core/mesh/wire-inbox.ts';
import type { Partition } from './partition.ts';

/** Connections that carry nothing while the page is cut off. */
export function cutDial(dial: Dial, partition: Partition): Dial {
  return (options, listener) =>
    dial(options, {
      signal: (text) => listener.signal(text),
      connected: (wire) => listener.connected(new CutWire(wire, partition)),
      failed: (reason) => listener.failed(reason),
    });
}

/** A wire that a {@link Partition} holds up in both directions. Its other end hears nothing, not even that it closed. */
export class CutWire implements Wire {
  readonly kind: WireKind;
  readonly maxPacketBytes: number;
  readonly #inner: Wire;
  readonly #partition: Partition;
  readonly #inbox = new WireInbox();
  #held = 0;
  /** More than the low-water mark was held, and nobody has been told yet that it is less. */
  #wasHigh = false;

  constructor(inner: Wire, partition: Partition) {
    this.kind = inner.kind;
    this.maxPacketBytes = inner.maxPacketBytes;
    this.#inner = inner;
    this.#partition = partition;
    inner.listen({
      packet: (bytes) => partition.pass(() => this.#inbox.packet(bytes)),
      drained: () => partition.pass(() => this.#inbox.drained()),
      closed: (reason) => partition.pass(() => this.#inbox.close(reason)),
    });
  }

  bufferedBytes(): number {
    return this.#held + this.#inner.bufferedBytes();
  }

  listen(listener: WireListener): void {
    this.#inbox.listen(listener);
  }

  send(packet: Uint8Array<ArrayBuffer>): void {
    if (this.#inbox.isClosed) throw new LinkClosedError('The wire is closed.', { step: 'send a packet' });
    if (!this.#partition.isCut) {
      this.#inner.send(packet);
      return;
    }
    const bytes = packet.slice();
    this.#held += bytes.byteLength;
    if (this.bufferedBytes() > LOW_WATER_BYTES) this.#wasHigh = true;
    this.#partition.pass(() => {
      this.#held -= bytes.byteLength;
      this.#sendLate(bytes);
    });
  }

  close(reason: string): void {
    if (!this.#partition.isCut) {
      this.#inner.close(reason);
      return;
    }
    this.#inbox.close(reason);
    this.#partition.pass(() => this.#inner.close(reason));
  }

  #sendLate(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#inbox.isClosed) return;
    try {
      this.#inner.send(bytes);
    } catch (error) {
      // It closes just now, and says so itself.
      if (!(error instanceof LinkClosedError)) throw error;
    }
    if (!this.#wasHigh || this.bufferedBytes() > LOW_WATER_BYTES) return;
    // The inner wire may never have held so much, and then it says nothing.
    this.#wasHigh = false;
    this.#inbox.drained();
  }
}
