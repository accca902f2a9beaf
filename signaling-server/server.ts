import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import type { IceServer } from '../core/protocol/signaling.ts';
import { addressOf } from './address-of.ts';
import { inUrl, lanAddresses } from './addresses.ts';
import { Connection } from './connection.ts';
import { IceLists } from './ice-lists.ts';
import { Limits } from './limits.ts';
import { redirectPlainHttp } from './plain-redirect.ts';
import { Rooms } from './rooms.ts';
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
  /** One short line per event, without names and secrets. */
  readonly log?: (line: string) => void;
}

export interface RunningServer {
  readonly port: number;
  /** For this machine. */
  readonly url: string;
  /** For other devices, the likeliest first; empty when the server listens on this machine only. */
  readonly urls: readonly string[];
  /** Bytes passed between members since the start. */
  relayedBytes(): number;
  close(): Promise<void>;
}

/** Serves the page and brings its rooms together. Rejects with the system's error when the port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, tls, iceServers = [], behindProxy = false, log = () => undefined } = options;
  const now = (): number => performance.now();
  const rooms = new Rooms({ now, ice: new IceLists(iceServers, options.turn), log });
  const limits = new Limits();
  const server = createServer(
    tls,
    staticFiles(options.root, () => urls, options.embedders),
  );
  const sockets = new WebSocketServer({
    server,
    path: SIGNAL_PATH,
    maxPayload: MAX_PAYLOAD_BYTES,
    // Sealed bytes do not compress.
    perMessageDeflate: false,
    verifyClient: (_info, decide) => decide(limits.hasRoom, 503, 'Too many connections'),
  });
  let urls: readonly string[] = [];
  let relayed = 0;
  const connections = new Set<Connection>();
  sockets.on('connection', (socket, request) => {
    const address = addressOf(request, behindProxy);
    const count = (bytes: number): void => {
      relayed += bytes;
    };
    const connection = new Connection(socket, rooms, now, count, { address, limits });
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
  const port = await listen(server, options.port, host, sockets);
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
    close: () =>
      new Promise((resolve) => {
        clearInterval(ticking);
        sockets.close();
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
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
