import { DoorError } from './door-error.ts';
import type { Exchange } from './exchange.ts';

/** The type of what comes, without its parameters, in lower case. */
export function typeOf(exchange: Exchange): string {
  return (exchange.request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** The bytes of a body that says it is JSON, as no form of a web page can. @throws DoorError 415, and as for any body */
export async function jsonBody(exchange: Exchange, mostBytes: number): Promise<Uint8Array> {
  const type = typeOf(exchange);
  if (type === 'application/json') return exchange.body(mostBytes);
  throw new DoorError(415, 'unsupported_media_type', 'The body must be application/json.');
}
