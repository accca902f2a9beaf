import { sizeClass } from './way-fit.ts';

/** Of the traffic, a message of about one size is timed at most this often: a receipt costs both pages a millisecond. */
const EVERY_MS = 400;
/** Receipts may fail to come, as of messages that were given up. */
const MOST_UNANSWERED = 4;
const FORGOTTEN_AFTER_MS = 60_000;
const RECEIPT_BYTES = 8;

interface Asked {
  readonly sentAt: number;
  /** Its own bytes and those that stood before it in the wire's queue. */
  readonly bytes: number;
  /** Undefined for messages of the traffic. */
  readonly probe: Probe | undefined;
}

interface Probe {
  resolve(ms: number): void;
  reject(reason: Error): void;
}

/** What a receipt told: the message, and when it was whole by the other side's clock. */
export interface Receipt {
  readonly sentAt: number;
  readonly bytes: number;
  readonly theirs: number;
  readonly probe: Probe | undefined;
}

/** Messages whose arrival the other side confirms at once, so that their way is timed. */
export class Timings {
  readonly #asked = new Map<number, Asked>();
  /** When one of each class of sizes was last timed. */
  readonly #lastAt = new Map<number, number>();

  /** The bytes of a receipt for a message that is whole now. */
  static receipt(now: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(RECEIPT_BYTES);
    new DataView(bytes.buffer).setFloat64(0, now, true);
    return bytes;
  }

  /** Whether the next message of the traffic should be timed. */
  due(bytes: number, now: number): boolean {
    if (now - (this.#lastAt.get(sizeClass(bytes)) ?? Number.NEGATIVE_INFINITY) < EVERY_MS) return false;
    for (const [message, { sentAt, probe }] of this.#asked)
      if (!probe && now - sentAt > FORGOTTEN_AFTER_MS) this.#asked.delete(message);
    return this.#asked.size < MOST_UNANSWERED;
  }

  /** A message of the traffic, behind `ahead` bytes in the wire's queue. */
  sent(message: number, bytes: number, ahead: number, sentAt: number): void {
    this.#lastAt.set(sizeClass(bytes), sentAt);
    this.#asked.set(message, { sentAt, bytes: ahead + bytes, probe: undefined });
  }

  /** Resolves to milliseconds; rejects with what {@link forget} is given. */
  probe(message: number, bytes: number, sentAt: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#asked.set(message, { sentAt, bytes, probe: { resolve, reject } });
    });
  }

  /** Takes a receipt; undefined for one that nobody waits for. Foreign bytes. */
  answered(message: number, bytes: Uint8Array<ArrayBuffer>): Receipt | undefined {
    const asked = this.#asked.get(message);
    if (!asked || bytes.byteLength !== RECEIPT_BYTES) return undefined;
    this.#asked.delete(message);
    return { ...asked, theirs: new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true) };
  }

  /** What is under way no longer tells anything: it may be sent again over another wire. */
  forget(reason: Error): void {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { probe } of asked) probe?.reject(reason);
  }
}
