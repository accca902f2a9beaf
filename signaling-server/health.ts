import type { RequestListener } from 'node:http';

const HEALTH_PATH = '/healthz';

export interface Health {
  readonly isDraining: boolean;
  /** Undefined where rooms are not shared. */
  readonly isRedisConnected: boolean | undefined;
}

/**
 * Tells a load balancer whether to send newcomers here: 503 from the moment the server goes down. A lost Redis is told
 * but is no reason to stay away: all servers lose it together, and those inside go on.
 */
export function withHealth(listener: RequestListener, health: () => Health): RequestListener {
  return (request, response) => {
    if (request.url !== HEALTH_PATH) {
      listener(request, response);
      return;
    }
    const { isDraining, isRedisConnected } = health();
    response.writeHead(isDraining ? 503 : 200, {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      // The proxy asks another server next time.
      ...(isDraining && { Connection: 'close' }),
    });
    const redis = isRedisConnected === undefined ? 'none' : isRedisConnected ? 'connected' : 'away';
    response.end(`${JSON.stringify({ status: isDraining ? 'draining' : 'ok', redis })}\n`);
  };
}
