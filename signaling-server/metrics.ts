import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Observer } from './observer.ts';
import type { ServerLoad } from './server.ts';

const METRICS_PATH = '/metrics';

/** Seconds from the door to the answer; a share of joins is within one frame, most within 100 ms. */
const JOIN_BUCKETS_S = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

/** Numbers of this process for Prometheus (https://prometheus.io), on a port of their own. */
export interface Metrics {
  readonly observer: Observer;
  /** Rejects with the system's error when the port is taken; resolves to the port. */
  listen(host: string, port: number, load: () => ServerLoad): Promise<number>;
  close(): void;
}

export async function makeMetrics(): Promise<Metrics> {
  // Only who asks for metrics needs the package.
  const { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } = await import('prom-client');
  const registry = new Registry();
  // Memory, processor, lag of the event loop, garbage collection, open files.
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `potluck_${name}`, help, labelNames, registers });
  const joins = counter('joins_total', 'Times that a device came into a room, also again.');
  const refusals = counter('refusals_total', 'Devices that were refused, by reason.', ['reason']);
  const messages = counter('messages_total', 'Messages of pages: signaling and relay packets.');
  const relayed = counter('relayed_bytes_total', 'Bytes of relay packets taken over for members.');
  const joinTime = new Histogram({
    name: 'potluck_join_seconds',
    help: 'From the arrival at the door to the welcome, where no leader was asked.',
    buckets: JOIN_BUCKETS_S,
    registers,
  });
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name: `potluck_${name}`,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  };
  let server: Server | undefined;
  return {
    observer: {
      heard: () => messages.inc(),
      joined: (ms) => {
        joins.inc();
        if (ms !== undefined) joinTime.observe(ms / 1000);
      },
      refused: (reason) => refusals.inc({ reason }),
      relayed: (bytes) => relayed.inc(bytes),
    },
    listen: (host, port, load) => {
      gauge('rooms', 'Rooms that somebody here is in.', () => load().rooms);
      gauge('members', 'Connections in a room or at its door.', () => load().visitors);
      gauge('connections', 'Open WebSockets.', () => load().connections);
      const isShared = load().isRedisConnected !== undefined;
      if (isShared) gauge('redis_up', '1 while Redis answers.', () => (load().isRedisConnected ? 1 : 0));
      server = createServer((request, response) => {
        if (request.url !== METRICS_PATH) {
          response.writeHead(404).end();
          return;
        }
        registry.metrics().then(
          (text) => response.writeHead(200, { 'Content-Type': registry.contentType }).end(text),
          () => response.writeHead(500).end(),
        );
      });
      return listening(server, host, port);
    },
    close: () => {
      server?.close();
      server?.closeAllConnections();
    },
  };
}

function listening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
