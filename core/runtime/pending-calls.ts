/** Calls under way on something that may end at any moment: when it ends, all of them reject at once. */
export class PendingCalls {
  readonly #rejects: Set<(reason: Error) => void> = new Set();
  #ended: Error | undefined;

  /** Settles as `call` does, or rejects when the end comes first; after the end, at once. */
  track<T>(call: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      this.#rejects.add(reject);
      call()
        .then(resolve, reject)
        .finally(() => this.#rejects.delete(reject));
    });
  }

  get ended(): Error | undefined {
    return this.#ended;
  }

  /** The first reason stays. */
  end(reason: Error): void {
    this.#ended ??= reason;
    for (const reject of this.#rejects) reject(reason);
    this.#rejects.clear();
  }
}
