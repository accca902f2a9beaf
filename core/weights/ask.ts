import { ProtocolError } from '../errors.ts';
import type { PeerId, Sha256 } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';

/** A peer may not have the piece, or not want to send it: no fault of the link. */
export type Answer =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'refused'; readonly reason: string };

/** How often an ask looks at its link. */
const LOOK_EVERY_MS = 1000;
/** A peer that sends nothing to speak of for this long is not waited for; relays take over a link after 8 s. */
const PATIENCE_MS = 30_000;
/** Less than this is no piece on its way: heartbeats, and reports of load once a second. */
const CHATTER_BYTES = 64 * 1024;
/** Other traffic may hide that the piece never comes. The largest pieces take this long at 220 kbit/s. */
const LONGEST_MS = 600_000;

export interface AskOptions {
  readonly network: Pick<Network, 'peers' | 'stats' | 'sendControl'>;
  readonly clock: Clock;
  readonly peer: PeerId;
  readonly ticket: number;
  readonly hash: Sha256;
  readonly length: number;
}

interface Settle {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Waits for one piece of one peer. It is asked for as soon as there is a link, and given up when no more bytes
 * come over it: how long a piece takes depends on who else sends and fetches, so the time alone says nothing.
 */
export class Ask {
  readonly peer: PeerId;
  readonly answer: Promise<Answer>;
  readonly #options: AskOptions;
  #settle: Settle | undefined;
  #timer: number | undefined;
  #isSent = false;
  #bytesIn = 0;
  #heardAt: number;
  readonly #since: number;

  constructor(options: AskOptions) {
    this.#options = options;
    this.peer = options.peer;
    this.#since = options.clock.now();
    this.#heardAt = this.#since;
    this.answer = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#look();
  }

  arrived(bytes: Uint8Array<ArrayBuffer>): void {
    const { length } = this.#options;
    if (bytes.byteLength === length) this.#end()?.resolve({ kind: 'bytes', bytes });
    else
      this.fail(
        broken('A device sent a piece of the wrong length', `${length} bytes`, `${bytes.byteLength} bytes`),
      );
  }

  refused(reason: string): void {
    this.#end()?.resolve({ kind: 'refused', reason });
  }

  fail(error: unknown): void {
    this.#end()?.reject(error);
  }

  #look(): void {
    const { network, clock, peer, ticket, hash } = this.#options;
    const now = clock.now();
    const bytesIn = network.stats(peer)?.bytesIn ?? 0;
    if (!this.#isSent && network.peers().includes(peer)) {
      this.#isSent = true;
      this.#hear(now, bytesIn);
      network.sendControl(peer, { type: 'want-pieces', pieces: [{ ticket, hash }] });
    } else if (this.#isSent && bytesIn - this.#bytesIn >= CHATTER_BYTES) this.#hear(now, bytesIn);
    if (now - this.#heardAt >= PATIENCE_MS || now - this.#since >= LONGEST_MS) {
      const seconds = Math.round((now - this.#since) / 1000);
      this.fail(broken('A device did not send a piece', 'the piece', `nothing within ${seconds} s`));
    } else this.#timer = clock.setTimeout(() => this.#look(), LOOK_EVERY_MS);
  }

  #hear(now: number, bytesIn: number): void {
    this.#heardAt = now;
    this.#bytesIn = bytesIn;
  }

  /** The first outcome is the one that counts. */
  #end(): Settle | undefined {
    const settle = this.#settle;
    this.#settle = undefined;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    return settle;
  }
}

function broken(what: string, expected: string, actual: string): ProtocolError {
  const step = 'ask for weights';
  return new ProtocolError(`${what}: expected ${expected}, got ${actual}.`, { step, expected, actual });
}
