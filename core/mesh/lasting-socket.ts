import type { Clock } from './clock.ts';

/** What the browser's WebSocket and that of the `ws` package have in common. */
export interface Socket {
  binaryType: string;
  readonly bufferedAmount: number;
  /** Copies nothing: bytes belong to the socket from here on. */
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
  addEventListener(type: 'open' | 'close', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

export interface LastingSocketOptions {
  /** Opens a new connection; `open` or `close` follows. */
  readonly connect: () => Socket;
  readonly clock: Clock;
  /** In [0, 1), so that the pages of a room do not all come back in the same moment. */
  readonly random: () => number;
}

export interface LastingSocketListener {
  opened(): void;
  text(text: string): void;
  bytes(bytes: Uint8Array<ArrayBuffer>): void;
  /** Comes after `opened`; another attempt is under way. */
  lost(): void;
  /** Nothing was heard for a while: say something that the server answers. */
  quiet(): void;
}

/** A restarted server is back within a second or two. */
const FIRST_RETRY_MS = 500;

/** A phone that comes back into the Wi-Fi should not make anybody wait longer than this. */
const LAST_RETRY_MS = 8_000;

/** Longer than any handshake that succeeds: TCP repeats its first packet after 1, 3 and 7 s. */
const CONNECT_MS = 10_000;

/** Then a sign of life is asked for, and so long may it take. Browsers notice a dead network only after minutes. */
const QUIET_MS = 10_000;

/** A WebSocket that comes back: after a loss it tries again, ever more slowly, until it is closed. */
export class LastingSocket {
  readonly #options: LastingSocketOptions;
  readonly #listener: LastingSocketListener;
  #socket: Socket | undefined;
  #isOpen = false;
  #isClosed = false;
  #failures = 0;
  #heardAt = 0;
  /** The one thing waited for: the opening, a sign of life, or the next attempt. */
  #timer: number | undefined;

  constructor(options: LastingSocketOptions, listener: LastingSocketListener) {
    this.#options = options;
    this.#listener = listener;
  }

  connect(): void {
    this.#wait(CONNECT_MS, () => this.retry());
    const socket = this.#options.connect();
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => {
      if (socket === this.#socket) this.#opened();
    });
    socket.addEventListener('message', ({ data }) => {
      if (socket === this.#socket) this.#heard(data);
    });
    socket.addEventListener('close', () => {
      if (socket === this.#socket) this.retry();
    });
  }

  /** False while there is no connection: then nothing was sent. */
  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (!this.#isOpen) return false;
    this.#socket?.send(data);
    return true;
  }

  bufferedBytes(): number {
    return this.#isOpen ? (this.#socket?.bufferedAmount ?? 0) : 0;
  }

  /** The connection is of use; after its loss the first attempt follows soon. */
  useful(): void {
    this.#failures = 0;
  }

  /** Gives the connection up, if there is one, and tries again in a while. */
  retry(): void {
    const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
    this.#wait(wait * (0.75 + 0.5 * this.#options.random()), () => this.connect());
    this.#drop();
  }

  /** Makes the next attempt now, if it is being waited for. */
  hurry(): void {
    if (!this.#socket && !this.#isClosed) this.connect();
  }

  /** For good. */
  close(): void {
    this.#isClosed = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#drop();
  }

  #opened(): void {
    this.#isOpen = true;
    this.#heardAt = this.#options.clock.now();
    this.#listen();
    this.#listener.opened();
  }

  #heard(data: unknown): void {
    this.#heardAt = this.#options.clock.now();
    if (typeof data === 'string') this.#listener.text(data);
    else if (data instanceof ArrayBuffer) this.#listener.bytes(new Uint8Array(data));
  }

  /** Asks first and gives up later, because timers of a hidden page may fire a minute late. */
  #listen(): void {
    const { clock } = this.#options;
    this.#wait(Math.max(0, this.#heardAt + QUIET_MS - clock.now()), () => {
      if (clock.now() - this.#heardAt < QUIET_MS) {
        this.#listen();
        return;
      }
      const askedAt = clock.now();
      this.#wait(QUIET_MS, () => (this.#heardAt < askedAt ? this.retry() : this.#listen()));
      this.#listener.quiet();
    });
  }

  #drop(): void {
    const [socket, wasOpen] = [this.#socket, this.#isOpen];
    this.#socket = undefined;
    this.#isOpen = false;
    socket?.close();
    if (wasOpen) this.#listener.lost();
  }

  #wait(ms: number, then: () => void): void {
    const { clock } = this.#options;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    this.#timer = this.#isClosed ? undefined : clock.setTimeout(then, ms);
  }
}
