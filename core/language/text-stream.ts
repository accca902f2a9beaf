/** Stands for bytes that are no whole character yet. */
const INCOMPLETE = '\uFFFD';
/** Decoders look back a few tokens at most: for spaces, accents, characters of several bytes. */
const CONTEXT = 8;
/** A decoder that answers so many tokens with half a character means it. */
const PATIENCE = 16;

/**
 * The text of tokens that come one by one. Tokens are parts of words, sometimes of characters: what is given out is
 * whole, and stays as it is whatever comes after.
 */
export class TextStream {
  readonly #decode: (tokens: readonly number[]) => string;
  /** Tokens that have been given out and count as context, then those that have not. */
  #tokens: number[] = [];
  #given = 0;

  /** `before`: tokens that the text goes on from; a space that follows them is the text's. */
  constructor(decode: (tokens: readonly number[]) => string, before: readonly number[] = []) {
    this.#decode = decode;
    this.#tokens = before.slice(-CONTEXT);
    this.#given = this.#tokens.length;
  }

  /** What this token adds; empty while a character is not whole. */
  push(token: number): string {
    this.#tokens.push(token);
    return this.#take(this.#tokens.length - this.#given > PATIENCE);
  }

  /** What is left, when no further token comes. */
  end(): string {
    return this.#given < this.#tokens.length ? this.#take(true) : '';
  }

  #take(always: boolean): string {
    const before = this.#decode(this.#tokens.slice(0, this.#given));
    const now = this.#decode(this.#tokens);
    if (now.endsWith(INCOMPLETE) && !always) return '';
    const text = now.slice(before.length);
    this.#tokens = this.#tokens.slice(-CONTEXT);
    this.#given = this.#tokens.length;
    return text;
  }
}
