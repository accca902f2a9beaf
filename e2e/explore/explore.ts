import { expect } from 'vitest';
import { FAULTS, play, type Schedule } from './schedule.ts';

/** Of each kind of work. */
const SCHEDULES = Number(process.env.SCHEDULES ?? 720);
const LEAST_DEVICES = 2;
const MOST_DEVICES = 5;

/**
 * Plays a fault of every kind at every step of the work, with two to five devices, the struck one and what else is left
 * open drawn by the seed. A schedule that fails is named so that it can be played again:
 * SCHEDULE='{"devices":3,…}' npx vitest run e2e/explore
 */
export async function explore(work: Schedule['work']): Promise<void> {
  const given = process.env.SCHEDULE;
  const calm = await play({ devices: LEAST_DEVICES, work, fault: 'none', step: 0, seed: 0 });
  const check = async (schedule: Schedule): Promise<void> => {
    const outcome = await play(schedule).catch((error: unknown) => String(error));
    const answers = typeof outcome === 'string' ? outcome : outcome.answers;
    expect(answers, `SCHEDULE='${JSON.stringify(schedule)}'`).toEqual(calm.answers);
  };
  if (given !== undefined) {
    const schedule = JSON.parse(given) as Schedule;
    if (schedule.work === work) await check(schedule);
    return;
  }
  const rooms = MOST_DEVICES - LEAST_DEVICES + 1;
  const steps = new Map<number, number>();
  for (let seed = 0; seed < SCHEDULES; seed++) {
    const devices = LEAST_DEVICES + (seed % rooms);
    if (!steps.has(devices)) {
      steps.set(devices, (await play({ devices, work, fault: 'none', step: 0, seed })).steps);
    }
    const fault = FAULTS[Math.floor(seed / rooms) % FAULTS.length] ?? 'kill';
    const step = 1 + (Math.floor(seed / (rooms * FAULTS.length)) % (steps.get(devices) ?? 1));
    await check({ devices, work, fault, step, seed });
  }
}
