import { LinkClosedError } from '../../../core/errors.ts';
import type { Clock } from '../../../core/mesh/clock.ts';
import type { Dial } from '../../../core/mesh/dial.ts';
import { LOW_WATER_BYTES } from '../../../core/mesh/flow.ts';
import type { Wire, WireKind, WireListener } from '../../../core/mesh/wire.ts';
import { WireInbox } from '../../../core/mesh/wire-inbox.ts';
import type { LinkShape } from './link-shape.ts';

/** Connections whose wires are shaped, each for itself. */
export function shapedDial(dial: Dial, shape: LinkShape, clock: Clock): Dial {
  return (options, listener) =>
    dial(options, {
      signal: (text) => listener.signal(text),
      connected: (wire) => listener.connected(new ShapedWire(wire, shape, clock)),
      failed: (reason) => listener.failed(reason),
    });
}

/**
 * A wire in front of which packets wait as long as they would take on a slower one. What this end sends is shaped, so
 * a link is shaped each way when both ends are.
 *
 *     send -> [ leaves at the bandwidth: counts as buffered ] -> [ under way for the delay ] -> inner wire
 */
export class ShapedWire implements Wire {
  readonly kind: WireKind;
  readonly maxPacketBytes: number;
  readonly #inner: Wire;
  readonly #shape: LinkShape;
  readonly #clock: Clock;
  readonly #inbox = new WireInbox();
  #held = 0;
  /** More than the low-water mark was buffered, and nobody has been told yet that it is less. */
  #wasHigh = false;
  /** When the last packet handed over will have left. */
  #freeAt = 0;

  constructor(inner: Wire, shape: LinkShape, clock: Clock) {
    this.kind = inner.kind;
    this.maxPacketBytes = inner.maxPacketBytes;
    this.#inner = inner;
    this.#shape = shape;
    this.#clock = clock;
    inner.listen({
      packet: (bytes) => this.#inbox.packet(bytes),
      drained: () => this.#settle(),
      closed: (reason) => {
        this.#inbox.close(reason);
      },
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
    if (packet.byteLength > this.maxPacketBytes)
      throw new RangeError(`a packet of ${packet.byteLength} bytes`);
    const { delayMs, mbitPerSec } = this.#shape;
    // A timer, even of no time, would cost a millisecond.
    if (this.#held === 0 && delayMs === 0 && mbitPerSec === Number.POSITIVE_INFINITY) {
      this.#inner.send(packet);
      return;
    }
    const now = this.#clock.now();
    this.#freeAt = Math.max(now, this.#freeAt) + (packet.byteLength * 8) / (mbitPerSec * 1000);
    const bytes = packet.slice();
    this.#held += bytes.byteLength;
    if (this.bufferedBytes() > LOW_WATER_BYTES) this.#wasHigh = true;
    const leaves = this.#freeAt;
    this.#clock.setTimeout(() => {
      this.#held -= bytes.byteLength;
      if (delayMs > 0) this.#clock.setTimeout(() => this.#pass(bytes), leaves + delayMs - this.#clock.now());
      else this.#pass(bytes);
      this.#settle();
    }, leaves - now);
  }

  close(reason: string): void {
    this.#inner.close(reason);
  }

  /** The inner wire says nothing of falling to the mark when it never held so much; we hold the rest. */
  #settle(): void {
    if (!this.#wasHigh || this.bufferedBytes() > LOW_WATER_BYTES) return;
    this.#wasHigh = false;
    this.#inbox.drained();
  }

  #pass(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#inbox.isClosed) return;
    try {
      this.#inner.send(bytes);
    } catch (error) {
      // It closes just now, and says so itself.
      if (!(error instanceof LinkClosedError)) throw error;
    }
  }
}
