import { createServer, request as forward } from 'node:http';
import { connect } from 'node:net';
import { freePort } from './free-port.ts';

/** Stands between browser and server and counts what crosses: nothing a browser caches can hide from it. */
export interface CountingProxy {
  readonly origin: string;
  /** Bytes of response bodies since the last call, compressed as they crossed, by file name. */
  take(): ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/** Proxies HTTP and WebSockets to `target`, an `http://host:port`. WebSocket traffic is not counted. */
export async function countingProxy(target: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(target);
  const own = await freePort();
  let counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const name = (request.url ?? '/').split('?')[0]?.split('/').at(-1) || '/';
    const headers = { ...request.headers, host: `${hostname}:${port}` };
    const onward = forward(
      { hostname, port, path: request.url, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.on('data', (chunk: Buffer) => counts.set(name, (counts.get(name) ?? 0) + chunk.length));
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('upgrade', (request, socket, head) => {
    const onward = connect(Number(port), hostname, () => {
      const lines = [`GET ${request.url} HTTP/1.1`];
      for (let i = 0; i < request.rawHeaders.length; i += 2) {
        lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
      }
      onward.write(`${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  await new Promise<void>((resolve) => server.listen(own, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${own}`,
    take: () => {
      const taken = counts;
      counts = new Map();
      return taken;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
