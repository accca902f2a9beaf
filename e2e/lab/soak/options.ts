import { parseArgs } from 'node:util';
import { messageOf } from '../../../core/errors.ts';
import { UsageError, whole } from '../usage-error.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly devices: number;
  /** Seconds from one disturbance to the next; 0 for none at all. */
  readonly every: number;
  readonly conversations: number;
  readonly seed: number;
  /** Whether the leader's browser is killed and frozen as well. */
  readonly victims: 'all' | 'followers';
  /** Nobody asks: only the links are watched. */
  readonly idle: boolean;
}

export const SOAK_USAGE = `npm run soak -- [options]

Opens a room of several headless browsers that run Bard, which came with the page, and asks it from all of them
without a pause: texts, and items of a stream. Meanwhile browsers are killed, frozen and come back by the link. Every
answer is compared with the known one. What a page asked that is killed itself dies with it. Ends with 0 only when
nothing was lost, wrong or doubled.

  --minutes M         how long (default 30)
  --devices N         how many browsers (default 5)
  --every S           seconds from one disturbance to the next; 0 for none (default 20)
  --conversations C   texts at once (default 4)
  --seed S            of the disturbances (default 0)
  --victims all|followers   whose browsers are disturbed (default all)
  --idle              nothing is asked, so that only the links are watched
`;

/** @throws UsageError that names the bad part */
export function parseSoakOptions(args: readonly string[]): SoakOptions {
  const { values } = parsed(args);
  const victims = values.victims ?? 'all';
  if (victims !== 'all' && victims !== 'followers')
    throw new UsageError(`--victims must be all or followers, not "${victims}".`);
  return {
    minutes: whole('--minutes', values.minutes ?? '30', 1, 10_000),
    devices: whole('--devices', values.devices ?? '5', 3, 32),
    every: whole('--every', values.every ?? '20', 0, 3600),
    conversations: whole('--conversations', values.conversations ?? '4', 1, 8),
    seed: whole('--seed', values.seed ?? '0', 0, 0xffffffff),
    victims,
    idle: values.idle ?? false,
  };
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: text,
        devices: text,
        every: text,
        conversations: text,
        seed: text,
        victims: text,
        idle: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}
