import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DoorError, doorErrorOf } from './door-error.ts';
import { type DoorRules, guardCaller, guardKey } from './door-guard.ts';
import { DoorMetrics } from './door-metrics.ts';
import { CallerGoneError, Exchange } from './exchange.ts';
import { answerPreflight, letPagesRead } from './pages.ts';
import { type DoorRoom, RoomModel } from './room-model.ts';
import { type Route, routeOf } from './routes.ts';
import { UnderWay } from './under-way.ts';

export interface DoorOptions extends DoorRules {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** The visit under way; undefined between two. */
  readonly room: () => DoorRoom | undefined;
  /** Told of what went wrong here, which callers are not told. */
  readonly report: (error: unknown) => void;
}

export interface Door {
  /** Scheme, host and port. */
  readonly url: string;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** Eight texts are written at once for one device; the rest waits here rather than with its caller. */
const MOST_REQUESTS = 64;
/** Bodies in memory, all together: as much as a device keeps of inputs that wait. */
const MOST_BODY_BYTES = 256 * 1024 * 1024;
const MOST_CONNECTIONS = 512;
const HEADERS_MS = 10_000;
const KEPT_MS = 75_000;
/** A body of 64 MB comes by then at 5 Mbit/s. */
const ARRIVAL_MS = 120_000;
/** As long as a text may keep its turn against others (runtime/turn-desk). */
const ANSWER_MS = 600_000;

/** Opens a door for programs into a room. @throws Error where the address cannot be had */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const model = new RoomModel(options.room);
  const requests = new UnderWay(MOST_REQUESTS, `${MOST_REQUESTS} requests are being answered already.`);
  const bodies = new UnderWay(MOST_BODY_BYTES, 'The memory for bodies is full.');
  const metrics = new DoorMetrics(model, () => requests.count);
  const { report } = options;

  const answer = async (exchange: Exchange, route: Route, name: string): Promise<void> => {
    const time = metrics.seconds.startTimer({ route: name });
    const late = setTimeout(() => exchange.stop(tooSlow()), ANSWER_MS);
    let release = (): void => undefined;
    try {
      guardCaller(exchange.request.headers, options);
      letPagesRead(exchange, options);
      if (answerPreflight(exchange)) return;
      if (!route.isOpen) guardKey(exchange.request.headers, options);
      if (route.isWork) release = requests.take();
      await route.answer(exchange, { model, metrics, report });
    } catch (error) {
      if (!(error instanceof CallerGoneError)) await refuse(exchange, error);
    } finally {
      clearTimeout(late);
      release();
      exchange.forgetBody();
      time();
      metrics.requests.inc({ route: name, status: exchange.status });
    }
  };
  const refuse = async (exchange: Exchange, error: unknown): Promise<void> => {
    const refusal = doorErrorOf(error);
    if (refusal.status === 500) report(error);
    await exchange.refuse(refusal);
  };
  const hear = (request: IncomingMessage, response: ServerResponse): void => {
    const { name, route } = routeOf(request.url ?? '/');
    answer(new Exchange(request, response, bodies), route, name).catch((error) => {
      report(error);
      response.destroy();
    });
  };
  const server = createServer({ headersTimeout: HEADERS_MS, requestTimeout: ARRIVAL_MS }, hear);
  // Whoever asks before sending a body is told so once it is wanted: see Exchange.body.
  server.on('checkContinue', hear);
  // Longer than the proxies and clients that keep connections to use them again.
  server.keepAliveTimeout = KEPT_MS;
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.host, resolve);
  });
  server.on('error', report);
  return {
    url: urlOf(server.address() as AddressInfo),
    close: () =>
      new Promise((resolve) => {
        model.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function tooSlow(): DoorError {
  return new DoorError(504, 'timeout', `There was no whole answer after ${ANSWER_MS / 1000} s.`);
}

function urlOf({ address, port, family }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
