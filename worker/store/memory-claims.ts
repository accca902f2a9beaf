import type { Claims } from './claims.ts';

/** Who has what, over all pages. */
export class MemoryClaims {
  readonly #shares: Map<string, Set<object>> = new Map();
  readonly #alone: Map<string, object> = new Map();

  /** The claims as the page sees them that `page` stands for. */
  of(page: object): Claims {
    const alone = async (name: string, work: () => Promise<void>): Promise<void> => {
      this.#alone.set(name, page);
      await work().finally(() => this.#alone.delete(name));
    };
    return {
      share: async (name) => {
        while (this.#alone.has(name)) await moment();
        this.#shares.set(name, (this.#shares.get(name) ?? new Set()).add(page));
        return () => void this.#shares.get(name)?.delete(page);
      },
      alone: async (name, work) => {
        while (this.#isTaken(name)) await moment();
        await alone(name, work);
      },
      aloneIfFree: async (name, work) => {
        if (this.#isTaken(name)) return false;
        await alone(name, work);
        return true;
      },
      taken: async () =>
        new Set([...this.#shares.keys(), ...this.#alone.keys()].filter((n) => this.#isTaken(n))),
    };
  }

  /** The page is gone, and its claims with it. */
  end(page: object): void {
    for (const pages of this.#shares.values()) pages.delete(page);
    for (const [name, owner] of this.#alone) if (owner === page) this.#alone.delete(name);
  }

  #isTaken(name: string): boolean {
    return this.#alone.has(name) || (this.#shares.get(name)?.size ?? 0) > 0;
  }
}

function moment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
