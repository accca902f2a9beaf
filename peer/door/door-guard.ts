import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { badRequest, DoorError } from './door-error.ts';
import { isSameKey } from './door-key.ts';

export interface DoorRules {
  /** Null: nobody is asked for one, which only a loopback door may do. */
  readonly key: string | null;
  /** Names under which this door may be called, beside localhost and plain addresses. */
  readonly hosts: readonly string[];
  /** Origins whose pages may call it: none, unless somebody lists them. */
  readonly origins: readonly string[];
}

/**
 * A page that somebody visits must not get in: neither from its own origin, nor by a name that its owner suddenly
 * resolves to this computer (DNS rebinding). A plain address cannot be rebound. @throws DoorError 403
 */
export function guardCaller(headers: IncomingHttpHeaders, { hosts, origins }: DoorRules): void {
  const { host, origin } = headers;
  if (host === undefined) throw badRequest('The Host header is missing.');
  const name = nameOf(host);
  if (name === null) throw badRequest('The Host header is no host.');
  const isOwn = isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost');
  if (!isOwn && !hosts.includes(name)) {
    const message = 'This door is not called so. Whoever runs it can allow the name with --allow-host.';
    throw new DoorError(403, 'host_not_allowed', message);
  }
  if (origin !== undefined && !origins.includes(origin)) {
    const message = 'Pages of this origin may not call. Whoever runs it can allow it with --allow-origin.';
    throw new DoorError(403, 'origin_not_allowed', message);
  }
}

/** @throws DoorError 401 */
export function guardKey({ authorization }: IncomingHttpHeaders, { key }: DoorRules): void {
  if (key === null) return;
  const [, shown] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (shown !== undefined && isSameKey(key, shown)) return;
  const message =
    shown === undefined
      ? 'The API key is missing: send it as "Authorization: Bearer KEY".'
      : 'This is not the API key of this peer.';
  throw new DoorError(401, 'invalid_api_key', message, { headers: { 'www-authenticate': 'Bearer' } });
}

/** The host without its port, in lower case; an IPv6 address without its brackets. */
function nameOf(host: string): string | null {
  const url = `http://${host}/`;
  if (/[/?#@\\\s]/.test(host) || !URL.canParse(url)) return null;
  const { hostname } = new URL(url);
  return hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}
