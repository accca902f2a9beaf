import { createServer } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';

/** The first byte of every TLS connection: a record that holds a handshake (RFC 8446, 5.1). */
const TLS_HANDSHAKE = 0x16;

/** Browsers open connections in advance and may say nothing for a while. */
const FIRST_BYTE_MS = 30_000;

/**
 * Lets plain HTTP on the port of an HTTPS server be answered with a redirect. People type addresses from the
 * terminal without "https", and the browser would tell them only that the connection was reset.
 */
export function redirectPlainHttp(server: Server): void {
  const plain = createServer((request, response) => {
    const { host } = request.headers;
    if (host) response.writeHead(307, { Location: `https://${host}${request.url ?? '/'}` });
    else response.writeHead(400);
    response.end();
  });
  // Node's own listener begins the TLS handshake; it comes second here.
  const handshakes = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    socket.setTimeout(FIRST_BYTE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.once('data', (first) => {
      socket.setTimeout(0);
      socket.pause();
      socket.unshift(first);
      if (first[0] === TLS_HANDSHAKE) {
        for (const begin of handshakes) begin.call(server, socket);
      } else {
        plain.emit('connection', socket);
        socket.resume();
      }
    });
  });
}
