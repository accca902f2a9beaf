import { type ServerEvent, sentenceOf } from './events.ts';

export type Log = (event: ServerEvent) => void;

/** `quiet`: sentences about what somebody should know who watches nothing. */
export type LogStyle = 'human' | 'json' | 'quiet';

/** Events that somebody should look at. */
const WARNINGS: ReadonlySet<ServerEvent['event']> = new Set(['redis-lost', 'process-lost']);

const NEVER_QUIET: ReadonlySet<ServerEvent['event']> = new Set(['redis-lost', 'redis-connected']);

/** Where events are written: sentences for people, or lines of JSON for programs, to standard output. */
export async function journal(style: LogStyle): Promise<Log> {
  if (style !== 'json') {
    return (event) => {
      if (style === 'human' || NEVER_QUIET.has(event.event)) console.log(sentenceOf(event));
    };
  }
  // Only who wants JSON needs the package.
  const { pino } = await import('pino');
  // Without the name of the machine and the number of the process, which are not ours to tell.
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime });
  return ({ event, ...facts }) => {
    const level = WARNINGS.has(event) ? 'warn' : 'info';
    logger[level]({ event, ...facts }, sentenceOf({ event, ...facts } as ServerEvent));
  };
}
