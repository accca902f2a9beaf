import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** One address in front of several servers, as a load balancer is. */
export interface Balancer {
  readonly origin: string;
  /** New connections go to this server first, by its place in the list; to the others when it takes none. */
  prefer(server: number): void;
  /** Open connections of each server. */
  open(): readonly number[];
  close(): Promise<void>;
}

/** Passes whole TCP connections on: each stays with one server until either end closes it. The caller closes it. */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  let preferred = 0;
  const open = ports.map(() => new Set<Socket>());
  const pass = (client: Socket, tries: number): void => {
    const index = (preferred + tries) % ports.length;
    if (tries >= ports.length) {
      client.destroy();
      return;
    }
    const upstream = connect(ports[index] ?? 0, '127.0.0.1');
    const refused = (): void => pass(client, tries + 1);
    upstream.once('error', refused);
    upstream.once('connect', () => {
      upstream.off('error', refused);
      open[index]?.add(client);
      const end = (): void => {
        open[index]?.delete(client);
        client.destroy();
        upstream.destroy();
      };
      for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
      client.pipe(upstream).pipe(client);
    });
  };
  const server: Server = createServer((client) => {
    client.on('error', () => client.destroy());
    pass(client, 0);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    prefer: (index) => {
      preferred = index;
    },
    open: () => open.map(({ size }) => size),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const sockets of open) for (const socket of sockets) socket.destroy();
      }),
  };
}
