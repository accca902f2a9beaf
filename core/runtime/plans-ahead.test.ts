import { expect, test } from 'vitest';
import { decide, tell } from '../plan/planner.ts';
import type { PlanQuestion } from '../plan/question.ts';
import type { PlanRoom } from '../plan/room.ts';
import { PlansAhead } from './plans-ahead.ts';

const NAMES = ['home', 'phone', 'tablet'];
const BLOCKS = 6;
const stages = [
  { device: 'home', start: 0, end: 2 },
  { device: 'phone', start: 2, end: 4, copies: ['tablet'] },
  { device: 'home', start: 4, end: 6 },
];

/** Three devices in a full mesh; `ms` a block. */
function roomOf(names: readonly string[], ms = 10): PlanRoom {
  return {
    objective: 'latency',
    home: 'home',
    inputBytes: 1000,
    blocks: Array(BLOCKS).fill({ weightBytes: 1e6, workspaceBytes: 0, outputBytes: 1000 }),
    devices: names.map((id) => ({ id, memoryBytes: 1e9, blockMs: Array(BLOCKS).fill(ms) })),
    links: names.flatMap((from) =>
      names.filter((to) => to > from).map((to) => ({ from, to, delayMs: 1, mbitPerSec: 100 })),
    ),
  };
}
const ask = (room: PlanRoom, mode: PlanQuestion['mode'] = 'everyone'): PlanQuestion => ({
  room,
  mode,
  present: null,
  broken: stages,
});

function scene(): { ahead: PlansAhead; asked: PlanQuestion[] } {
  const asked: PlanQuestion[] = [];
  const ahead = new PlansAhead({
    decide: async (question) => {
      asked.push(question);
      return decide(question);
    },
    tell: async (question, plan) => tell(question, plan),
  });
  return { ahead, asked };
}

test('the loss of each holder but the home is planned for, and its plan is the one a search finds', async () => {
  const { ahead, asked } = scene();
  await ahead.prepare(ask(roomOf(NAMES)), stages);
  expect(asked.map(({ room }) => room.devices.map(({ id }) => id))).toEqual([
    ['home', 'tablet'],
    ['home', 'phone'],
  ]);
  const lost = ask(roomOf(['home', 'phone']));
  expect(await ahead.decide(lost)).toEqual(decide(lost));
  expect(asked).toHaveLength(2);
});

test('times that waver do not void it; another wish, less memory or a newcomer do', async () => {
  const { ahead, asked } = scene();
  await ahead.prepare(ask(roomOf(NAMES)), stages);
  await ahead.decide(ask(roomOf(['home', 'phone'], 11)));
  expect(asked).toHaveLength(2);
  await ahead.decide(ask(roomOf(['home', 'phone']), 'fastest'));
  const small = roomOf(['home', 'phone']);
  await ahead.decide(
    ask({ ...small, devices: small.devices.map((each) => ({ ...each, memoryBytes: 1e8 })) }),
  );
  await ahead.decide(ask(roomOf([...NAMES, 'watch'])));
  expect(asked).toHaveLength(5);
});

test('where a plan is in force, the room is looked at as it is', async () => {
  const { ahead, asked } = scene();
  await ahead.prepare(ask(roomOf(NAMES)), stages);
  await ahead.decide({ ...ask(roomOf(['home', 'phone'])), present: stages });
  expect(asked).toHaveLength(3);
});

test('the same room is prepared once; another plan ends what was begun', async () => {
  const { ahead, asked } = scene();
  const question = ask(roomOf(NAMES));
  const first = ahead.prepare(question, stages);
  await ahead.prepare(question, stages);
  await first;
  expect(asked).toHaveLength(2);
  const begun = ahead.prepare(ask(roomOf(NAMES), 'fastest'), stages);
  ahead.forget();
  await begun;
  expect(asked).toHaveLength(3);
  await ahead.decide(ask(roomOf(['home', 'phone']), 'fastest'));
  expect(asked).toHaveLength(4);
});
