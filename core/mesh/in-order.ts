/** Work that goes on side by side but comes out in the order in which it was given. */
export class InOrder {
  readonly #report: (error: unknown) => void;
  #last: Promise<unknown> = Promise.resolve();

  /** `report` is told what failed; the rest goes on. */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** `deliver` is called with the result when its turn comes; `done` after that, or after a failure. */
  add<T>(work: Promise<T>, deliver: (result: T) => void, done: () => void = () => undefined): void {
    this.#last = Promise.allSettled([work, this.#last])
      .then(([outcome]) => {
        if (outcome.status === 'rejected') throw outcome.reason;
        deliver(outcome.value);
      })
      .catch(this.#report)
      .finally(done);
  }
}
