import type { LogStyle } from './journal.ts';
import { UsageError } from './usage-error.ts';

/** How the server is run and watched. */
export interface Operation {
  readonly redis: string | undefined;
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  readonly log: LogStyle;
  /** Milliseconds that pages have to go elsewhere when the server is told to end. */
  readonly drainMs: number;
}

/** As `parseArgs` gives them. */
export interface OperationValues {
  readonly redis?: string | undefined;
  readonly metrics?: string | undefined;
  readonly log?: string | undefined;
  readonly drain?: string | undefined;
  readonly verbose: boolean;
}

/** Pages that went elsewhere are in within a second or two; 20 of 2,000 a second are no burden to the others. */
const DRAIN_S = 10;
const LONGEST_DRAIN_S = 3600;

export const OPERATION_HELP: string = `\
  --redis URL        share rooms with other servers over this Redis (redis://…; see docs/several-servers.md);
                     an address with a password belongs into POTLUCK_REDIS in the environment instead
  --metrics ADDRESS:PORT
                     numbers for Prometheus at http://ADDRESS:PORT/metrics; choose an address that only it reaches
  --log human|json   how events are written (default human; json writes all of them)
  --drain SECONDS    on SIGTERM, time for pages to go to another server (default ${DRAIN_S} with --redis, else 0)
`;

/**
 * `envRedis` stands for an address that is not given: arguments are seen by everybody on a computer, and it may hold a
 * password. @throws UsageError
 */
export function readOperation(
  { redis: given, metrics, log = 'human', drain, verbose }: OperationValues,
  envRedis?: string,
): Operation {
  const redis = given ?? (envRedis || undefined);
  if (redis !== undefined && !(/^rediss?:\/\/./.test(redis) && URL.canParse(redis))) {
    // Not quoted: it may hold a password.
    throw new UsageError('--redis needs an address such as redis://127.0.0.1:6379.');
  }
  if (log !== 'human' && log !== 'json') throw new UsageError('--log is "human" or "json".');
  const seconds = drain === undefined ? (redis === undefined ? 0 : DRAIN_S) : Number(drain);
  if (!(seconds >= 0 && seconds <= LONGEST_DRAIN_S)) {
    throw new UsageError(`--drain needs a number of seconds from 0 to ${LONGEST_DRAIN_S}, got "${drain}".`);
  }
  return {
    redis,
    metrics: metrics === undefined ? undefined : addressIn(metrics),
    log: log === 'json' ? 'json' : verbose ? 'human' : 'quiet',
    drainMs: seconds * 1000,
  };
}

function addressIn(text: string): { host: string; port: number } {
  const [, host = '', digits = ''] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (host === '' || port > 65_535)
    throw new UsageError(`--metrics needs an address and a port such as 127.0.0.1:9464, got "${text}".`);
  return { host, port };
}
