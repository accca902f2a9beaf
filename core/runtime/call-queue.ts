import { PendingCalls } from './pending-calls.ts';

/**
 * One lock: calls run one at a time, in the order they came. ONNX Runtime needs it around create, run,
 * download and release, because overlapping calls hang or corrupt it (facts.md A4).
 */
export class CallQueue {
  readonly #pending: PendingCalls = new PendingCalls();
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `call` when all earlier ones have settled. */
  run<T>(call: () => Promise<T>): Promise<T> {
    return this.#pending.track(() => {
      const turn = this.#last.then(() => {
        if (this.#pending.ended) throw this.#pending.ended;
        return call();
      });
      this.#last = turn.catch(() => undefined);
      return turn;
    });
  }

  /** Rejects the call that runs and all that wait, and refuses later ones. */
  end(reason: Error): void {
    this.#pending.end(reason);
  }
}
