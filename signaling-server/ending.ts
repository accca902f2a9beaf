import { messageOf } from '../core/errors.ts';
import type { RunningServer } from './server.ts';

/**
 * Ends the process on SIGTERM, which is how a machine asks, after pages had time to go elsewhere; at once on SIGINT,
 * which is a person at the keyboard, and on a second signal of either kind.
 */
export function endOnSignals(server: Pick<RunningServer, 'drain' | 'close'>, drainMs: number): void {
  let isEnding = false;
  const end = (ms: number): void => {
    if (isEnding) process.exit(1);
    isEnding = true;
    server
      .drain(ms)
      .then(() => server.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(messageOf(error));
          process.exit(1);
        },
      );
  };
  process.on('SIGTERM', () => end(drainMs));
  process.on('SIGINT', () => end(0));
}
