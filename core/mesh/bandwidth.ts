import { brokenPacket } from '../protocol/packet.ts';

/** One probe may be at most this large, as in the reassembler. */
export const MAX_PROBE_BYTES: number = 4 * 1024 * 1024;
const MAX_PROBES = 8;
const RECEIPT_BYTES = 8;
/** A clock in a browser may tick only every 0.1 ms: nothing shorter can be told apart. */
const SHORTEST_MS = 0.1;

interface Arriving {
  readonly firstAt: number;
  bytes: number;
}

interface Asked {
  readonly bytes: number;
  readonly sentAt: number;
  readonly resolve: (mbitPerSec: number) => void;
  readonly reject: (reason: Error) => void;
}

/** Both ends of bandwidth probes over one link: counts filler that arrives, and times filler that was sent. */
export class BandwidthProbes {
  readonly #arriving = new Map<number, Arriving>();
  readonly #asked = new Map<number, Asked>();
  #mbitPerSec: number | null = null;

  /** Last measured, null before the first. */
  get mbitPerSec(): number | null {
    return this.#mbitPerSec;
  }

  /** `slice` bytes of filler came. Returns the receipt when the probe is complete. @throws ProtocolError */
  arrived(message: number, total: number, slice: number, now: number): Uint8Array<ArrayBuffer> | undefined {
    if (total > MAX_PROBE_BYTES)
      throw brokenPacket(`a probe of at most ${MAX_PROBE_BYTES} bytes`, `${total}`);
    const probe = this.#arriving.get(message) ?? { firstAt: now, bytes: 0 };
    this.#arriving.set(message, probe);
    if (this.#arriving.size > MAX_PROBES) throw brokenPacket(`at most ${MAX_PROBES} probes`, 'one more');
    probe.bytes += slice;
    if (probe.bytes < total) return undefined;
    this.#arriving.delete(message);
    const receipt = new Uint8Array(RECEIPT_BYTES);
    new DataView(receipt.buffer).setFloat64(0, now - probe.firstAt, true);
    return receipt;
  }

  /** Waits for the receipt of a probe whose filler is handed over now. */
  ask(message: number, bytes: number, now: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#asked.set(message, { bytes, sentAt: now, resolve, reject });
    });
  }

  /**
   * The receipt came. The time is ours less a round trip, but never less than what the receiver saw pass
   * between the first and the last packet. True when a measurement came of it.
   */
  receipt(message: number, bytes: Uint8Array<ArrayBuffer>, now: number, rttMs: number): boolean {
    const asked = this.#asked.get(message);
    if (!asked || bytes.byteLength !== RECEIPT_BYTES) return false;
    this.#asked.delete(message);
    const elapsed = now - asked.sentAt;
    const seen = new DataView(bytes.buffer, bytes.byteOffset, RECEIPT_BYTES).getFloat64(0, true);
    const passed = seen >= 0 && seen <= elapsed ? seen : 0;
    const ms = Math.max(elapsed - rttMs, passed, SHORTEST_MS);
    this.#mbitPerSec = (asked.bytes * 8) / (ms * 1000);
    asked.resolve(this.#mbitPerSec);
    return true;
  }

  close(reason: Error): void {
    for (const { reject } of this.#asked.values()) reject(reason);
    this.#asked.clear();
    this.#arriving.clear();
  }
}
