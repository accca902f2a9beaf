import { OverloadedError } from '../errors.ts';

export interface TurnsOptions {
  /** Tells the leader of a wish; `held`: it had its turn already. */
  readonly want: (ticket: number, held: boolean) => void;
  /** Tells the leader that it is over. */
  readonly end: (ticket: number) => void;
}

interface Wish {
  readonly ticket: number;
  readonly place: (place: number) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  held: boolean;
}

/** This device's wishes to have texts written, which the leader lets begin one after another. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #wishes = new Map<number, Wish>();
  #next = 1;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /**
   * Resolves when it is this wish's turn, with what ends the turn. `place` is told where in the line it stands, from 1.
   * @throws OverloadedError when the line is full; the signal's reason.
   */
  async take(place: (place: number) => void, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    const ticket = this.#next++;
    const end = (): void => {
      if (this.#wishes.delete(ticket)) this.#options.end(ticket);
    };
    const abort = (): void => {
      this.#wishes.get(ticket)?.reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#wishes.set(ticket, { ticket, place, resolve, reject, held: false });
        this.#options.want(ticket, false);
      });
      return end;
    } catch (error) {
      end();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** The leader's answer. */
  told(ticket: number, place: number | null): void {
    const wish = this.#wishes.get(ticket);
    if (!wish || wish.held) return;
    if (place === null) {
      const data = { step: 'wait in line', expected: 'room in the line', actual: 'a full one' };
      wish.reject(new OverloadedError('Too many people are waiting already. Try again shortly.', data));
    } else if (place === 0) {
      wish.held = true;
      wish.resolve();
    } else wish.place(place);
  }

  /** The leader is here, again or anew: it may know nothing of what was told before. */
  again(): void {
    for (const { ticket, held } of this.#wishes.values()) this.#options.want(ticket, held);
  }
}
