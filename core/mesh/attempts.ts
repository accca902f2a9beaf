import type { IceServer } from '../protocol/signaling.ts';
import type { Clock } from './clock.ts';
import type { Dial, Dialling } from './dial.ts';
import type { Wire } from './wire.ts';

/**
 * Between attempts at a direct connection: ICE may need 15 s to give up (facts.md B4), and a network that
 * did not let us through for a minute seldom changes its mind.
 */
const RETRY_MS: readonly number[] = [15_000, 30_000, 60_000, 120_000];

export interface AttemptsListener {
  signal(attempt: number, data: string): void;
  connected(wire: Wire): void;
  /** The attempt came to nothing; the next one is already planned. */
  failed(reason: string): void;
}

export interface AttemptsOptions {
  readonly dial: Dial;
  readonly clock: Clock;
  readonly iceServers: () => readonly IceServer[];
  /** The caller dials and tries again; the other side answers. */
  readonly caller: boolean;
  readonly listener: AttemptsListener;
}

/** Attempts at a direct connection within one session, numbered so that late signals of old ones are dropped. */
export class Attempts {
  readonly #options: AttemptsOptions;
  #attempt = 0;
  #retries = 0;
  #dialling: Dialling | undefined;
  /** The attempt succeeded: its wire belongs to the link, and closes when the link says so. */
  #connected = false;
  #timer: number | undefined;
  #closed = false;

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /** Caller: dials now, and again later until {@link settled} or {@link close}. */
  begin(): void {
    if (this.#closed || !this.#options.caller) return;
    this.#dial(this.#attempt + 1);
    const wait = RETRY_MS[Math.min(this.#retries, RETRY_MS.length - 1)] ?? 0;
    this.#retries += 1;
    this.#clearTimer();
    this.#timer = this.#options.clock.setTimeout(() => this.begin(), wait);
  }

  /** The direct wire works, or worked and is lost: the next {@link begin} starts over with short waits. */
  settled(): void {
    this.#clearTimer();
    this.#retries = 0;
  }

  /** What the other side's attempt said. */
  signal(attempt: number, data: string): void {
    if (this.#closed) return;
    if (attempt > this.#attempt && !this.#options.caller) this.#dial(attempt);
    if (attempt === this.#attempt) this.#dialling?.signal(data);
  }

  close(): void {
    this.#closed = true;
    this.#clearTimer();
    this.#drop();
  }

  #dial(attempt: number): void {
    const { dial, caller, iceServers, listener } = this.#options;
    this.#drop();
    this.#attempt = attempt;
    const current = (): boolean => this.#attempt === attempt && !this.#closed;
    this.#dialling = dial(
      { initiator: caller, iceServers: iceServers() },
      {
        signal: (data) => {
          if (current()) listener.signal(attempt, data);
        },
        connected: (wire) => {
          if (!current()) {
            wire.close('abandoned');
            return;
          }
          this.#connected = true;
          this.settled();
          listener.connected(wire);
        },
        failed: (reason) => {
          if (current()) listener.failed(reason);
        },
      },
    );
  }

  #drop(): void {
    if (!this.#connected) this.#dialling?.abandon();
    this.#dialling = undefined;
    this.#connected = false;
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
