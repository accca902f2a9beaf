import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * Whom a connection is counted for: an IPv4 address, or the first 64 bits of an IPv6 address, since one household has
 * them all. Behind a proxy it is the last address that `X-Forwarded-For` names: the proxy wrote it, the others anybody.
 */
export function addressOf({ headers, socket }: IncomingMessage, behindProxy: boolean): string {
  const told = behindProxy
    ? [headers['x-forwarded-for'] ?? ''].flat().join(',').split(',').at(-1)?.trim()
    : '';
  const address = (told && isIP(told) ? told : (socket.remoteAddress ?? '')).replace(
    /^::ffff:(?=\d+\.)/i,
    '',
  );
  return address.includes(':') ? prefixOf(address) : address;
}

function prefixOf(address: string): string {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const before = head.split(':').filter((group) => group !== '');
  const after = (tail ?? '').split(':').filter((group) => group !== '');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
