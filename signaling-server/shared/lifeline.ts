import type { Exchange, OpenExchange } from './exchange.ts';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2000;

export interface LifelineListener {
  posted(bytes: Buffer): void;
  connected(): void;
  lost(): void;
}

/** A connection to the exchange that comes back, each time under another name. */
export class Lifeline {
  readonly #open: OpenExchange;
  readonly #base: string;
  readonly #listener: LifelineListener;
  #exchange: Exchange | undefined;
  #connections = 0;
  #name = '';
  #isOver = false;
  #waiting: ((exchange: Exchange | undefined) => void)[] = [];

  constructor(open: OpenExchange, base: string, listener: LifelineListener) {
    this.#open = open;
    this.#base = base;
    this.#listener = listener;
    void this.#connect();
  }

  /** The present one. */
  get exchange(): Exchange | undefined {
    return this.#exchange;
  }

  /** Of the present exchange, or the one before. */
  get lastName(): string {
    return this.#name;
  }

  /** As soon as there is one; undefined when there will be none any more. */
  async connected(): Promise<Exchange | undefined> {
    if (this.#exchange || this.#isOver) return this.#exchange;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives the present connection up, so that the next one has another name. */
  renew(): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    void exchange.close();
    this.#lost(exchange.name);
  }

  async close(): Promise<void> {
    this.#isOver = true;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
    await exchange?.close();
  }

  async #connect(): Promise<void> {
    for (let failures = 0; !this.#isOver; failures++) {
      const name = `${this.#base}-${++this.#connections}`;
      let isLost = false;
      const exchange = await this.#open(name, {
        posted: (bytes) => this.#listener.posted(bytes),
        lost: () => {
          isLost = true;
          this.#lost(name);
        },
      }).catch(() => undefined);
      if (exchange && this.#isOver) await exchange.close();
      else if (exchange && !isLost) {
        this.#connected(exchange);
        return;
      }
      // Whoever starts the server hears that it is alone.
      if (this.#connections === 1 && !this.#isOver) this.#listener.lost();
      // Not all processes in the same moment.
      const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.75 + 0.5 * Math.random());
      await new Promise((resolve) => setTimeout(resolve, wait).unref());
    }
  }

  #connected(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#name = exchange.name;
    for (const resolve of this.#waiting.splice(0)) resolve(exchange);
    this.#listener.connected();
  }

  #lost(name: string): void {
    if (this.#exchange?.name !== name) return;
    this.#exchange = undefined;
    this.#listener.lost();
    if (!this.#isOver) void this.#connect();
  }
}
