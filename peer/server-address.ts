import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { isIP } from 'node:net';
import WebSocket from 'ws';
import type { Socket } from '../core/mesh/lasting-socket.ts';

/**
 * A name or address of this computer or its local network. Potluck's own server signs its certificate itself there, so
 * an unknown one is accepted: what the server is told it cannot read, and without the room's secret nobody can forge.
 */
export function isLocal(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (host === 'localhost' || host.endsWith('.localhost') || host.endsWith('.local')) return true;
  if (isIP(host) === 4) return /^(127|10)\.|^192\.168\.|^169\.254\.|^172\.(1[6-9]|2\d|3[01])\./.test(host);
  return isIP(host) === 6 && /^(::1$|f[cd]|fe[89ab])/.test(host);
}

/** Opens WebSockets to the signaling server at an origin such as `https://192.168.1.7:8443`. */
export function socketsTo(origin: string): () => Socket {
  const { hostname } = new URL(origin);
  const address = `${origin.replace(/^http/, 'ws')}/signal`;
  return () => {
    const socket = new WebSocket(address, { rejectUnauthorized: !isLocal(hostname) });
    // `close` follows, which is what counts; without a listener it would end the process.
    socket.on('error', () => undefined);
    return socket as unknown as Socket;
  };
}

/** A link to localhost is of no use on a phone: the server knows the addresses that are. */
export async function originForOthers(origin: string): Promise<string> {
  const { hostname, protocol } = new URL(origin);
  if (!/^(localhost|127\.|\[::1\])/.test(hostname) || protocol !== 'https:') return origin;
  try {
    const urls: unknown = JSON.parse(await get(`${origin}/addresses.json`));
    const [first] = Array.isArray(urls) ? urls : [];
    return typeof first === 'string' ? new URL(first).origin : origin;
  } catch {
    // Another server than ours: the address in use is all that is known.
    return origin;
  }
}

/** The server's own list is a few hundred bytes. */
const MOST_CHARACTERS = 64_000;
const PATIENCE_MS = 5000;

function get(address: string): Promise<string> {
  const { protocol, hostname } = new URL(address);
  return new Promise((resolve, reject) => {
    const request = protocol === 'https:' ? secure : plain;
    const options = { rejectUnauthorized: !isLocal(hostname), timeout: PATIENCE_MS };
    const asked = request(address, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > MOST_CHARACTERS) asked.destroy(new Error('too long'));
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', reject);
    asked.end();
  });
}
