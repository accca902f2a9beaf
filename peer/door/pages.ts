import type { DoorRules } from './door-guard.ts';
import type { Exchange } from './exchange.ts';

/** Pages of a listed origin may read the answer (CORS); the guard has refused all others before. */
export function letPagesRead(exchange: Exchange, { origins }: DoorRules): void {
  const { origin } = exchange.request.headers;
  if (origin === undefined || !origins.includes(origin)) return;
  exchange.header('access-control-allow-origin', origin);
  exchange.header('vary', 'origin');
}

/** A browser asks before it sends what a form could not; it shows no key yet. True where that was answered. */
export function answerPreflight(exchange: Exchange): boolean {
  const { headers } = exchange.request;
  if (exchange.method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return false;
  if (headers.origin === undefined) return false;
  exchange.header('access-control-allow-methods', 'GET, POST');
  // Clients of OpenAI's API add headers of their own to each call.
  const asked = headers['access-control-request-headers'];
  exchange.header('access-control-allow-headers', asked ?? 'authorization, content-type');
  exchange.header('access-control-max-age', '600');
  exchange.send(Buffer.alloc(0), 'text/plain', 200);
  return true;
}
