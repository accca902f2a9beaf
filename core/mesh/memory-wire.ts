import { LinkClosedError } from '../errors.ts';
import type { Clock } from './clock.ts';
import { LOW_WATER_BYTES, PACKET_BYTES } from './flow.ts';
import type { Wire, WireKind, WireListener } from './wire.ts';
import { WireInbox } from './wire-inbox.ts';

/** What the air from one device to another is like. May be changed at any time; holds for packets sent from then on. */
export interface Conditions {
  delayMs: number;
  mbitPerSec: number;
  /** Up to this much more delay, drawn for each packet, so that packets overtake each other. */
  jitterMs: number;
  /** A wire is reliable: a packet that is lost for good closes it. */
  lossRate: number;
  /** Packets vanish and nobody is told, as when a device sleeps. */
  silent: boolean;
}

export interface MemoryWireOptions extends Partial<Conditions> {
  readonly clock: Clock;
  readonly kind?: WireKind;
  readonly maxPacketBytes?: number;
  /** In [0, 1); needed for jitter and loss. */
  readonly random?: () => number;
  /** What is different from right to left; left out, both ways share the same conditions. */
  readonly back?: Partial<Conditions>;
}

export interface MemoryWirePair {
  readonly left: Wire;
  readonly right: Wire;
  readonly conditions: Conditions;
  /** From right to left: the same object, unless they were given apart. */
  readonly back: Conditions;
}

/** Two ends of a wire in one process: the twin of a data channel. */
export function memoryWirePair(options: MemoryWireOptions): MemoryWirePair {
  const conditions: Conditions = {
    delayMs: options.delayMs ?? 0,
    mbitPerSec: options.mbitPerSec ?? Number.POSITIVE_INFINITY,
    jitterMs: options.jitterMs ?? 0,
    lossRate: options.lossRate ?? 0,
    silent: options.silent ?? false,
  };
  const left = new MemoryWire(options, conditions);
  const back = options.back ? { ...conditions, ...options.back } : conditions;
  const right = new MemoryWire(options, back);
  left.join(right);
  right.join(left);
  return { left, right, conditions, back };
}

class MemoryWire implements Wire {
  readonly kind: WireKind;
  readonly maxPacketBytes: number;
  readonly #clock: Clock;
  readonly #conditions: Conditions;
  readonly #random: () => number;
  readonly #inbox = new WireInbox();
  #other: MemoryWire | undefined;
  #buffered = 0;
  /** When the last packet handed over will have left. */
  #freeAt = 0;

  constructor(options: MemoryWireOptions, conditions: Conditions) {
    this.kind = options.kind ?? 'memory';
    this.maxPacketBytes = options.maxPacketBytes ?? PACKET_BYTES;
    this.#clock = options.clock;
    this.#random = options.random ?? (() => 0.5);
    this.#conditions = conditions;
  }

  join(other: MemoryWire): void {
    this.#other = other;
  }

  arrive(bytes: Uint8Array<ArrayBuffer>): void {
    this.#inbox.packet(bytes);
  }

  bufferedBytes(): number {
    return this.#buffered;
  }

  listen(listener: WireListener): void {
    this.#inbox.listen(listener);
  }

  send(packet: Uint8Array<ArrayBuffer>): void {
    if (this.#inbox.isClosed) throw new LinkClosedError('The wire is closed.', { step: 'send a packet' });
    if (packet.byteLength > this.maxPacketBytes)
      throw new RangeError(`a packet of ${packet.byteLength} bytes`);
    const { delayMs, mbitPerSec, jitterMs, lossRate, silent } = this.#conditions;
    const now = this.#clock.now();
    this.#freeAt = Math.max(now, this.#freeAt) + (packet.byteLength * 8) / (mbitPerSec * 1000);
    const bytes = packet.slice();
    this.#buffered += bytes.byteLength;
    const wait = this.#freeAt - now;
    this.#clock.setTimeout(() => this.#left(bytes.byteLength), wait);
    if (silent) return;
    if (lossRate > 0 && this.#random() < lossRate) {
      this.#clock.setTimeout(() => this.close('a packet was lost for good'), wait + delayMs);
      return;
    }
    this.#clock.setTimeout(() => this.#other?.arrive(bytes), wait + delayMs + jitterMs * this.#random());
  }

  close(reason: string): void {
    if (!this.#inbox.close(reason)) return;
    this.#clock.setTimeout(() => {
      if (!this.#conditions.silent) this.#other?.close(reason);
    }, this.#conditions.delayMs);
  }

  #left(bytes: number): void {
    const before = this.#buffered;
    this.#buffered -= bytes;
    if (before > LOW_WATER_BYTES && this.#buffered <= LOW_WATER_BYTES) this.#inbox.drained();
  }
}
