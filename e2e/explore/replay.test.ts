import { expect, it } from 'vitest';
import { replay } from './explore.ts';
import { play, type Schedule } from './schedule.ts';

const { SCHEDULE } = process.env;

/** See `explore.ts`. */
it.skipIf(SCHEDULE === undefined)(
  'plays a schedule again',
  async () => {
    await replay(JSON.parse(SCHEDULE ?? ''));
  },
  120_000,
);

it('a schedule plays the same each time, to the last message', async () => {
  const lost = { round: 0, step: 7, fault: 'kill', struck: 0 } as const;
  const mixed = { round: 0, step: 12, fault: 'reorder', struck: 1 } as const;
  const schedule: Schedule = {
    work: 'generation',
    devices: 4,
    asker: 3,
    rounds: 1,
    strikes: [lost, mixed],
    seed: 5,
  };
  await play({ ...schedule, strikes: [] });
  const first = await play(schedule);
  expect(first.steps.get(0)?.length).toBeGreaterThan(100);
  expect(await play(schedule)).toEqual(first);
}, 120_000);
