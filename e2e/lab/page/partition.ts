/**
 * Whether this page is cut off from everybody. As on a network that is down, what was sent is not lost: it waits here
 * and passes, in order, once the page is back.
 */
export class Partition {
  #cut = false;
  #healing: ReturnType<typeof setTimeout> | undefined;
  readonly #waiting: (() => void)[] = [];

  get isCut(): boolean {
    return this.#cut;
  }

  /** Nothing passes for so long from now. */
  cut(ms: number): void {
    this.#cut = true;
    clearTimeout(this.#healing);
    this.#healing = setTimeout(() => this.#heal(), ms);
  }

  /** Does it now, or, while the page is cut off, afterwards. */
  pass(action: () => void): void {
    if (this.#cut) this.#waiting.push(action);
    else action();
  }

  /** What comes of the first that pass waits for its turn behind the last. */
  #heal(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) next();
    this.#cut = false;
  }
}
