import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Programs } from '../../app/session/programs.ts';
import { freeze } from '../lab/faults/inflict.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { type PotluckWindow, runsOn, until } from '../session-page.ts';

type Trace = Awaited<ReturnType<Programs['trace']>>;
type Complete = Extract<Trace['traceEvents'][number], { ph: 'X' }>;

/** Two pages of one machine: their clocks are one, and each message takes a few milliseconds. */
const CLOCKS_AGREE_MS = 50;

let server: ProductServer;
let room: Room;

beforeAll(async () => {
  server = await startProduct();
  room = await openRoom({ origin: server.origin, devices: 3 });
});
afterAll(async () => {
  await room?.close();
  await server?.stop();
});

async function trace(): Promise<Trace> {
  return room.leader.page.evaluate(() => (globalThis as unknown as PotluckWindow).potluck.trace());
}

it('a trace has every device on one clock, each request in causal order, and names who did not answer', async () => {
  const { page } = room.leader;
  await page.getByTestId('mode-everyone').click();
  await until(page, 'all three at work', runsOn(3));
  await page.evaluate(async () => {
    const { potluck } = globalThis as unknown as PotluckWindow;
    for (let run = 0; run < 10; run++) await potluck.run({});
  });
  const { otherData, traceEvents } = await trace();
  expect(otherData.missing).toEqual([]);
  expect(otherData.devices).toHaveLength(3);
  const error = otherData.devices.map(({ clockErrorMs }) => clockErrorMs ?? Number.NaN);
  for (const each of error) expect(each).toBeLessThan(CLOCKS_AGREE_MS);
  const complete = traceEvents.filter((event): event is Complete => event.ph === 'X');
  const requests = complete.filter(({ cat }) => cat === 'request');
  expect(requests.length).toBeGreaterThanOrEqual(10);
  const slackUs = 2000 * Math.max(...error);
  for (const { ts, dur, args } of requests) {
    const runs = complete
      .filter((event) => event.cat === 'run' && event.args.request === args.request)
      .sort((a, b) => a.ts - b.ts);
    expect(runs[0]?.ts).toBeGreaterThanOrEqual(ts - slackUs);
    expect((runs.at(-1)?.ts ?? 0) + (runs.at(-1)?.dur ?? 0)).toBeLessThanOrEqual(ts + dur + slackUs);
  }
  const last = requests.at(-1)?.args.request;
  const pids = complete
    .filter(({ cat, args }) => cat === 'run' && args.request === last)
    .map(({ pid }) => pid);
  expect(new Set(pids)).toEqual(new Set([1, 2, 3]));

  const [, victim] = room.devices;
  if (!victim) throw new Error('There is no second device.');
  // Longer than an answer is waited for, or until it is given up: its link falls silent after six seconds.
  freeze(victim, 10);
  const { missing } = (await trace()).otherData;
  expect(missing).toHaveLength(1);
});
