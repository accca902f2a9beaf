import type { MessageKind } from '../protocol/packet.ts';

/** A message on its way out, sliced as the wire takes it: nothing is copied before. */
export class OutgoingMessage {
  readonly kind: MessageKind;
  readonly message: number;
  readonly total: number;
  readonly timed: boolean;
  readonly #parts: readonly Uint8Array<ArrayBuffer>[];
  readonly #done: () => void;
  #offset = 0;
  #part = 0;
  #partOffset = 0;
  #begun = false;

  constructor(
    kind: MessageKind,
    message: number,
    parts: readonly Uint8Array<ArrayBuffer>[],
    { timed = false, done = () => undefined }: MessageOptions = {},
  ) {
    this.kind = kind;
    this.message = message;
    this.total = parts.reduce((sum, part) => sum + part.byteLength, 0);
    this.timed = timed;
    this.#parts = parts;
    this.#done = done;
  }

  get offset(): number {
    return this.#offset;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** True when nothing is left to take; an empty message takes one empty slice. */
  get finished(): boolean {
    return this.#begun && this.#offset === this.total;
  }

  /** Bytes of the next slice when a packet has room for `room`. */
  sliceBytes(room: number): number {
    return Math.min(room, this.total - this.#offset);
  }

  /** Gathers the next bytes into all of `target`. */
  fill(target: Uint8Array<ArrayBuffer>): void {
    this.#begun = true;
    let at = 0;
    while (at < target.byteLength) {
      const part = this.#parts[this.#part];
      if (!part) throw new RangeError('a slice ends past its message');
      const end = Math.min(part.byteLength, this.#partOffset + target.byteLength - at);
      target.set(part.subarray(this.#partOffset, end), at);
      at += end - this.#partOffset;
      this.#partOffset = end;
      if (end === part.byteLength) {
        this.#part += 1;
        this.#partOffset = 0;
      }
    }
    this.#offset += at;
    if (this.finished) this.#done();
  }
}

/** What a message on its way out may ask for. */
export interface MessageOptions {
  /** A receipt as soon as it is whole at the other side. */
  readonly timed?: boolean;
  /** Called when the last slice was taken. */
  readonly done?: () => void;
}

/** In order of urgency. Bulk is what may wait: weights and probes. */
type Urgency = 0 | 1 | 2;
const BULK: Urgency = 2;
const URGENCY: Readonly<Record<MessageKind, Urgency>> = {
  control: 0,
  cancel: 0,
  receipt: 0,
  activation: 1,
  shard: BULK,
  probe: BULK,
};

/**
 * Small messages that wait for the peer to take others, and their bytes: hardly less than the peer would take at once
 * (`conduct.ts`). Weights and activations wait where they come from.
 */
const MOST_WAITING = 8000;
const MOST_WAITING_BYTES = 24 * 1024 ** 2;

/** While activations keep coming, bulk still gets every eighth packet: a new plan must not starve. */
const BULK_SHARE = 8;

/** Which message gives the next packet: control first, activations before weights, each in order. */
export class Outbox {
  readonly #queues: readonly [OutgoingMessage[], OutgoingMessage[], OutgoingMessage[]] = [[], [], []];
  #sinceBulk = 0;
  /** Of the most urgent queue. */
  #waitingBytes = 0;

  get isEmpty(): boolean {
    return this.#queues.every((queue) => queue.length === 0);
  }

  /** The peer takes nothing, and nobody waits for each of these messages to go: whoever has the link ends it. */
  get isOverfull(): boolean {
    return this.#queues[0].length > MOST_WAITING || this.#waitingBytes > MOST_WAITING_BYTES;
  }

  push(message: OutgoingMessage): void {
    this.#queues[URGENCY[message.kind]].push(message);
    if (URGENCY[message.kind] === 0) this.#waitingBytes += message.total;
  }

  /** Takes a message out; true when it was still here. */
  remove(message: OutgoingMessage): boolean {
    const queue = this.#queues[URGENCY[message.kind]];
    const index = queue.indexOf(message);
    if (index >= 0) queue.splice(index, 1);
    if (index >= 0 && URGENCY[message.kind] === 0) this.#waitingBytes -= message.total;
    return index >= 0;
  }

  clear(): void {
    for (const queue of this.#queues) queue.length = 0;
    this.#waitingBytes = 0;
  }

  /** The message whose turn it is; it stays until {@link remove}. Call once per packet. */
  next(bulkAllowed: boolean): OutgoingMessage | undefined {
    const [[control], [activation], [bulk]] = this.#queues;
    if (control) return control;
    if (activation && !(bulk && this.#sinceBulk >= BULK_SHARE - 1)) {
      this.#sinceBulk += 1;
      return activation;
    }
    if (!activation && !bulkAllowed) return undefined;
    this.#sinceBulk = 0;
    return bulk;
  }
}
