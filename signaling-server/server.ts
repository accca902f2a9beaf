import { randomBytes } from 'node:crypto';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import type { IceServer } from '../core/protocol/signaling.ts';
import { addressOf } from './address-of.ts';
import { inUrl, lanAddresses } from './addresses.ts';
import { Connection } from './connection.ts';
import { dismissAll } from './draining.ts';
import type { ServerEvent } from './events.ts';
import { withHealth } from './health.ts';
import { IceLists } from './ice-lists.ts';
import { Limits } from './limits.ts';
import type { Observer } from './observer.ts';
import { redirectPlainHttp } from './plain-redirect.ts';
import type { RoomService } from './room-service.ts';
import { Rooms } from './rooms.ts';
import { redisExchanges } from './shared/redis-exchange.ts';
import { SharedRooms } from './shared/shared-rooms.ts';
import { staticFiles } from './static-files.ts';
import type { TurnAccess } from './turn-access.ts';
import { refuse } from './visitor.ts';

/** Where pages open their WebSocket. */
const SIGNAL_PATH = '/signal';

/** A relay packet has 64 KiB and its seal; this leaves room for larger ones. */
const MAX_PAYLOAD_BYTES = 256 * 1024;

const TICK_MS = 1000;

export interface ServerOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** PEM; without it the server speaks plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** The folder of the built page. */
  readonly root: string;
  readonly iceServers?: readonly IceServer[];
  /** A TURN server, for which each member gets credentials of its own. */
  readonly turn?: TurnAccess;
  /** A proxy in front says in `X-Forwarded-For` who connects; without one anybody could write anything there. */
  readonly behindProxy?: boolean;
  /** Origins whose pages may embed rooms, or `*`; none but this server's own if left out. */
  readonly embedders?: readonly string[];
  /** Of a Redis over which rooms are shared with other processes; without it they are this process's own. */
  readonly redis?: string;
  /** Told what happens, without names and secrets. */
  readonly log?: (event: ServerEvent) => void;
  /** Told what connections do, for counting. */
  readonly observer?: Observer;
}

/** What a server has at one moment. */
export interface ServerLoad {
  readonly rooms: number;
  readonly visitors: number;
  readonly connections: number;
  /** Undefined where rooms are not shared. */
  readonly isRedisConnected: boolean | undefined;
}

export interface RunningServer {
  readonly port: number;
  /** For this machine. */
  readonly url: string;
  /** For other devices, the likeliest first; empty when the server listens on this machine only. */
  readonly urls: readonly string[];
  /** Bytes passed between members since the start. */
  relayedBytes(): number;
  load(): ServerLoad;
  /**
   * Takes no more connections, and asks those it has to come again elsewhere, spread over most of `ms`. Resolves when
   * all have gone, or after `ms`; {@link close} comes next.
   */
  drain(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Serves the page and brings its rooms together. Rejects with the system's error when the port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, tls, iceServers = [], behindProxy = false, log = () => undefined } = options;
  const now = (): number => performance.now();
  const limits = new Limits();
  const shared = options.redis === undefined ? undefined : await sharedRooms(options.redis, options, limits);
  const rooms: RoomService = shared ?? new Rooms({ now, ice: new IceLists(iceServers, options.turn), log });
  let isDraining = false;
  const load = (): ServerLoad => ({
    rooms: rooms.size,
    visitors: rooms.visitors,
    connections: connections.size,
    isRedisConnected: shared?.isConnected,
  });
  const server = createServer(
    tls,
    withHealth(
      staticFiles(options.root, () => urls, options.embedders),
      () => ({ isDraining, ...load() }),
    ),
  );
  const sockets = new WebSocketServer({
    server,
    path: SIGNAL_PATH,
    maxPayload: MAX_PAYLOAD_BYTES,
    // Sealed bytes do not compress.
    perMessageDeflate: false,
    verifyClient: (_info, decide) =>
      decide(limits.hasRoom && !isDraining, 503, 'Too many connections, or going down'),
  });
  let urls: readonly string[] = [];
  let relayed = 0;
  const connections = new Set<Connection>();
  const observer: Observer = {
    heard: () => options.observer?.heard(),
    joined: (ms) => options.observer?.joined(ms),
    refused: (reason) => options.observer?.refused(reason),
    relayed: (bytes) => {
      relayed += bytes;
      options.observer?.relayed(bytes);
    },
  };
  sockets.on('connection', (socket, request) => {
    const address = addressOf(request, behindProxy);
    const connection = new Connection(socket, rooms, now, observer, { address, limits });
    connections.add(connection);
    socket.on('close', () => {
      connections.delete(connection);
      limits.closed(address);
      connection.closed();
    });
    if (!limits.opened(address)) refuse(connection, 'too-many');
  });
  // Node's closeAllConnections overlooks those that have not finished, or begun, their TLS handshake.
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  const port = await listen(server, options.port, host, sockets).catch(async (error: unknown) => {
    await rooms.close();
    throw error;
  });
  const ticking = setInterval(() => {
    for (const connection of connections) connection.tick();
    rooms.tick();
  }, TICK_MS);
  const at = (name: string): string => `${tls ? 'https' : 'http'}://${inUrl(name)}:${port}`;
  const isEverywhere = host === '0.0.0.0' || host === '::';
  const isLocal = /^(127\.|::1$|localhost$)/.test(host);
  urls = (isLocal ? [] : isEverywhere ? reachable(host) : [host]).map(at);
  return {
    port,
    url: at(isEverywhere ? 'localhost' : host),
    urls,
    relayedBytes: () => relayed,
    load,
    drain: async (ms) => {
      isDraining = true;
      log({ event: 'draining', connections: connections.size });
      await dismissAll(connections, ms);
      log({ event: 'drained', connections: connections.size });
    },
    close: async () => {
      clearInterval(ticking);
      sockets.close();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
      await rooms.close();
    },
  };
}

async function sharedRooms(
  url: string,
  { iceServers = [], turn, log = () => undefined }: ServerOptions,
  limits: Limits,
): Promise<SharedRooms> {
  const open = await redisExchanges(url, (client) => limits.share(client));
  // Clocks of servers are kept by NTP; what is measured here takes seconds.
  const now = (): number => Date.now();
  return new SharedRooms({
    open,
    base: randomBytes(6).toString('hex'),
    now,
    ice: new IceLists(iceServers, turn),
    log,
  });
}

/** `0.0.0.0` listens on IPv4 only. */
function reachable(host: string): string[] {
  return lanAddresses().filter((address) => host === '::' || !address.includes(':'));
}

function createServer(tls: ServerOptions['tls'], listener: RequestListener): Server {
  if (!tls) return createHttpServer(listener);
  const server = createHttpsServer({ key: tls.key, cert: tls.cert }, listener);
  redirectPlainHttp(server);
  return server;
}

function listen(server: Server, port: number, host: string, sockets: WebSocketServer): Promise<number> {
  return new Promise((resolve, reject) => {
    // ws hands the errors of its server on as its own.
    sockets.once('error', reject);
    server.listen(port, host, () => {
      sockets.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
