import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { DoorError } from './door-error.ts';
import { readBody } from './read-body.ts';
import type { UnderWay } from './under-way.ts';

/** What is not read by then of a refused body is not waited for. */
const DRAIN_MS = 1000;
/** A caller who takes nothing for so long is gone, or keeps others from their turn. */
const STUCK_MS = 30_000;

/** The caller has gone, so nobody is there to hear of it. */
export class CallerGoneError extends Error {
  override readonly name = 'CallerGoneError';
}

/** One request and its answer. */
export class Exchange {
  readonly request: IncomingMessage;
  /** Ends when the caller goes, or when it has taken too long. */
  readonly signal: AbortSignal;
  readonly #response: ServerResponse;
  readonly #bodies: UnderWay;
  readonly #control: AbortController = new AbortController();
  #givers: (() => void)[] = [];

  /** `bodies` counts the bytes of all bodies that this process has in memory. */
  constructor(request: IncomingMessage, response: ServerResponse, bodies: UnderWay) {
    this.request = request;
    this.#response = response;
    this.#bodies = bodies;
    this.signal = this.#control.signal;
    response.once('close', () => {
      if (!response.writableFinished) this.stop(new CallerGoneError('The caller has gone.'));
    });
  }

  get method(): string {
    return this.request.method ?? 'GET';
  }

  /** The status once it is sent; 499 for a caller who went before that, as web servers log it. */
  get status(): number {
    return this.#response.headersSent ? this.#response.statusCode : 499;
  }

  get began(): boolean {
    return this.#response.headersSent;
  }

  stop(reason: Error): void {
    this.#control.abort(reason);
  }

  header(name: string, value: string): void {
    this.#response.setHeader(name, value);
  }

  /** The whole body, which belongs to the caller of this until the exchange is over. @throws DoorError 400, 413, 415, 429 */
  async body(mostBytes: number): Promise<Buffer<ArrayBuffer>> {
    if (/100-continue/i.test(this.request.headers.expect ?? '')) this.#response.writeContinue();
    return readBody(this.request, mostBytes, (bytes) => this.#givers.push(this.#bodies.take(bytes)));
  }

  /** The bytes of the body are no longer counted: nobody has them any more. */
  forgetBody(): void {
    for (const give of this.#givers) give();
    this.#givers = [];
  }

  json(value: unknown, status = 200): void {
    this.send(Buffer.from(JSON.stringify(value)), 'application/json', status);
  }

  send(body: Uint8Array, type: string, status = 200): void {
    this.#head(status, type, body.byteLength);
    // Starts anew with each part that is taken; what waits for a caller that takes nothing fills the memory.
    this.#response.setTimeout(STUCK_MS, () => this.#response.destroy());
    this.#response.end(body);
  }

  /** Answers with an error, unless an answer has begun: then the connection just ends. */
  async refuse(error: DoorError): Promise<void> {
    const response = this.#response;
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const body = Buffer.from(JSON.stringify(error.body));
    for (const [name, value] of Object.entries(error.headers)) this.header(name, value);
    const isUnread = !this.request.complete;
    if (isUnread) this.header('connection', 'close');
    this.#head(error.status, 'application/json', body.byteLength);
    response.write(body);
    // A connection that ends with unread bytes is reset, and the answer may be lost with it.
    if (isUnread && this.request.headers.expect === undefined) await drained(this.request);
    response.end();
  }

  /** Begins an answer that comes in parts. */
  begin(type: string): void {
    this.header('cache-control', 'no-store');
    this.header('x-accel-buffering', 'no');
    this.#head(200, type);
    this.#response.flushHeaders();
  }

  /** Resolves when the caller has room for more. @throws CallerGoneError */
  async write(text: string): Promise<void> {
    this.signal.throwIfAborted();
    if (this.#response.write(text)) return;
    const stuck = setTimeout(() => this.#response.destroy(), STUCK_MS);
    try {
      await once(this.#response, 'drain', { signal: this.signal });
    } catch (error) {
      throw this.signal.aborted ? this.signal.reason : error;
    } finally {
      clearTimeout(stuck);
    }
  }

  end(): void {
    this.#response.end();
  }

  #head(status: number, type: string, bytes?: number): void {
    this.header('content-type', type);
    this.header('x-content-type-options', 'nosniff');
    if (bytes !== undefined) this.header('content-length', `${bytes}`);
    this.#response.writeHead(status);
  }
}

/** Reads what is left of a body, and keeps nothing of it. */
function drained(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, DRAIN_MS);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    request.once('end', done).once('close', done).resume();
  });
}

/** @throws DoorError 405 */
export function only(exchange: Exchange, ...methods: readonly string[]): void {
  if (methods.includes(exchange.method)) return;
  const headers = { allow: methods.join(', ') };
  throw new DoorError(405, 'method_not_allowed', `This address takes ${headers.allow}.`, { headers });
}
