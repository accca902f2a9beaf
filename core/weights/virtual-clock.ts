import type { Clock } from '../mesh/clock.ts';

/** Time that passes only when told: the twin of the system's clock. */
export class VirtualClock implements Clock {
  readonly #idle: () => Promise<void>;
  readonly #timers = new Map<number, { readonly at: number; readonly run: () => void }>();
  #now = 0;
  #next = 1;

  /** `idle` resolves once all that can happen now has happened: a turn of the event loop. */
  constructor(idle: () => Promise<void>) {
    this.#idle = idle;
  }

  /** Timers that have been set and not cleared. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(run: () => void, ms: number): number {
    this.#timers.set(this.#next, { at: this.#now + ms, run });
    return this.#next++;
  }

  clearTimeout(timer: number): void {
    this.#timers.delete(timer);
  }

  /** Resolves after `ms`; rejects with the signal's reason. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const abort = (): void => {
        this.clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = this.setTimeout(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      }, ms);
      signal.addEventListener('abort', abort);
    });
  }

  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.#idle();
    while (await this.#step(end));
    this.#now = end;
  }

  /** Lets time pass until `work` settles. @throws Error when that takes longer than `ms`, or for ever. */
  async until<T>(work: Promise<T>, ms: number): Promise<T> {
    const end = this.#now + ms;
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    work.then(settle, settle);
    await this.#idle();
    while (!settled) {
      if (!(await this.#step(end))) throw new Error(`not settled at ${end} ms, with ${this.pending} timers`);
    }
    return work;
  }

  /** Runs the next timer. False when there is none until `end`. */
  async #step(end: number): Promise<boolean> {
    let first: number | undefined;
    let at = end;
    for (const [timer, due] of this.#timers) {
      if (due.at > at || (due.at === at && first !== undefined)) continue;
      first = timer;
      at = due.at;
    }
    if (first === undefined) return false;
    const run = this.#timers.get(first)?.run;
    this.#timers.delete(first);
    this.#now = at;
    run?.();
    await this.#idle();
    return true;
  }
}
