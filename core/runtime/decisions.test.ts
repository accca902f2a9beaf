import { expect, test } from 'vitest';
import { VirtualClock } from '../weights/virtual-clock.ts';
import { Decisions } from './decisions.ts';

const clock = new VirtualClock(() => new Promise((resolve) => setImmediate(resolve)));

test('what is asked for while a decision is made is decided after it, also where it fails', async () => {
  const made: number[] = [];
  const failures: unknown[] = [];
  const decisions: Decisions = new Decisions(
    clock,
    async () => {
      const count = made.push(clock.now());
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 100));
      if (count === 1) throw new Error('the planner broke');
    },
    (error) => failures.push(error),
  );
  decisions.schedule(0);
  await clock.pass(10);
  decisions.schedule(0);
  await clock.pass(500);
  expect(made).toHaveLength(2);
  expect(failures).toEqual([new Error('the planner broke')]);
  decisions.schedule(0);
  await clock.pass(500);
  expect(made).toHaveLength(3);
});
