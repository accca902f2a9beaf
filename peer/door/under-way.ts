import { tooMany } from './door-error.ts';

/** What is counted may not become more than this at any time: requests, or bytes of their bodies. */
export class UnderWay {
  readonly #most: number;
  readonly #refusal: string;
  #now = 0;

  /** `refusal`: the sentence for whoever is one too many. */
  constructor(most: number, refusal: string) {
    this.#most = most;
    this.#refusal = refusal;
  }

  get count(): number {
    return this.#now;
  }

  /** Takes so many, and gives them back with what it returns, once. @throws DoorError 429 */
  take(count = 1): () => void {
    if (this.#now + count > this.#most) throw tooMany(this.#refusal);
    this.#now += count;
    let held = count;
    return () => {
      this.#now -= held;
      held = 0;
    };
  }
}
