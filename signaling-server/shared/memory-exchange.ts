import type { RoomId } from '../../core/ids.ts';
import type { Change, Changed, Exchange, ExchangeListener, OpenExchange, Post, Stored } from './exchange.ts';

/** What a Redis does for rooms, in memory, for tests: each answer comes a moment later, and in order. */
export class MemoryExchanges {
  readonly rooms: Map<RoomId, Stored> = new Map();
  /** Whose signs of life do not get through, although everything else does. */
  readonly mute: Set<string> = new Set();
  readonly #open = new Map<string, MemoryExchange>();
  #isDown = false;
  /** Every word that was said to it, for counting. */
  readonly said: string[] = [];

  readonly open: OpenExchange = async (name, listener) => {
    await new Promise(setImmediate);
    if (this.#isDown) throw new Error('the exchange is down');
    const exchange = new MemoryExchange(this, name, listener);
    this.#open.set(name, exchange);
    return exchange;
  };

  /** Nobody can connect, and nobody is connected. */
  down(): void {
    this.#isDown = true;
    for (const exchange of [...this.#open.values()]) this.cut(exchange.name);
  }

  up(): void {
    this.#isDown = false;
  }

  /** Ends one connection. */
  cut(name: string): void {
    const exchange = this.#open.get(name);
    this.#open.delete(name);
    exchange?.fail();
  }

  /** A process died, or is cut off: nothing is heard of it, and it hears nothing until it says something. */
  kill(name: string): void {
    this.#open.delete(name);
  }

  names(): string[] {
    return [...this.#open.keys()];
  }

  isAlive(name: string): boolean {
    return this.#open.has(name) && !this.mute.has(name);
  }

  isOpen(exchange: MemoryExchange): boolean {
    return this.#open.get(exchange.name) === exchange;
  }

  deliver({ to, bytes }: Post): boolean {
    const exchange = this.#open.get(to);
    // On its way, as over a socket.
    if (exchange) setImmediate(() => this.isOpen(exchange) && exchange.listener.posted(bytes));
    return exchange !== undefined;
  }
}

class MemoryExchange implements Exchange {
  readonly name: string;
  readonly listener: ExchangeListener;
  readonly pendingBytes = 0;
  readonly #all: MemoryExchanges;
  #isOver = false;

  constructor(all: MemoryExchanges, name: string, listener: ExchangeListener) {
    this.#all = all;
    this.name = name;
    this.listener = listener;
  }

  load(room: RoomId): Promise<Stored | undefined> {
    return this.#say('load', () => this.#all.rooms.get(room));
  }

  change(room: RoomId, { before, after, posts }: Change): Promise<Changed> {
    return this.#say('change', (): Changed => {
      const now = this.#all.rooms.get(room);
      if (now?.tag !== before) return { done: false, now };
      if (after) this.#all.rooms.set(room, after);
      else this.#all.rooms.delete(room);
      const absent = posts.filter((post) => !this.#all.deliver(post)).map(({ to }) => to);
      return { done: true, absent };
    });
  }

  keep(rooms: readonly RoomId[]): Promise<readonly RoomId[]> {
    return this.#say('keep', () => rooms.filter((room) => !this.#all.rooms.has(room)));
  }

  post(post: Post): Promise<boolean> {
    return this.#say('post', () => this.#all.deliver(post));
  }

  async beat(): Promise<void> {
    await this.#say('beat', () => undefined);
  }

  missing(names: readonly string[]): Promise<readonly string[]> {
    return this.#say('missing', () => names.filter((name) => !this.#all.isAlive(name)));
  }

  async close(): Promise<void> {
    this.#isOver = true;
    if (this.#all.isOpen(this)) this.#all.kill(this.name);
  }

  /** Told once. */
  fail(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.listener.lost();
  }

  /** Done now, answered a moment later. */
  async #say<T>(what: string, run: () => T): Promise<T> {
    this.#all.said.push(what);
    this.#checkOpen();
    const answer = run();
    await new Promise(setImmediate);
    this.#checkOpen();
    return answer;
  }
  #checkOpen(): void {
    if (this.#all.isOpen(this)) return;
    this.fail();
    throw new Error('the exchange is closed');
  }
}
