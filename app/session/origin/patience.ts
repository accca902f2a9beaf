import { FetchError } from '../../../core/errors.ts';

/** A server that sends nothing for this long is given up; a phone that changes networks needs some seconds. */
export const STALL_MS = 30_000;

/**
 * The end of one request: by its owner's signal, by `end`, or because nothing comes. Only the time that is
 * spent waiting for the server counts; a reader that takes its time costs nothing.
 */
export class Patience {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #stallMs: number;
  readonly #abort: () => void;

  constructor(outer: AbortSignal, stallMs: number) {
    this.#outer = outer;
    this.#stallMs = stallMs;
    // AbortSignal.any is younger than the oldest browsers that this page supports.
    this.#abort = () => this.#controller.abort(outer.reason);
    if (outer.aborted) this.#abort();
    else outer.addEventListener('abort', this.#abort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The outcome of `work`, which listens to the signal. @throws FetchError after a stall, or the owner's reason. */
  async wait<T>(step: string, host: string, work: Promise<T>): Promise<T> {
    const actual = `nothing for ${this.#stallMs / 1000} s`;
    const stalled = new FetchError(`${host} stopped sending (${actual}).`, {
      step,
      expected: 'more bytes',
      actual,
      retry: true,
    });
    const timer = setTimeout(() => this.#controller.abort(stalled), this.#stallMs);
    try {
      return await work;
    } catch (error) {
      // Not every browser rejects with the reason that it was given.
      throw this.signal.aborted ? this.signal.reason : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the request, if it is not over. */
  end(): void {
    this.#outer.removeEventListener('abort', this.#abort);
    this.#controller.abort(new Error('the request is over'));
  }
}
