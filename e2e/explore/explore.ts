import { expect } from 'vitest';
import { Coverage } from './coverage.ts';
import { type Calm, everyFaultAtEveryStep, type Trial } from './every-step.ts';
import { FAULTS, type Fault } from './fault.ts';
import { play, type Schedule } from './schedule.ts';
import { afterOneLoss, heirLostAtEveryStep } from './two-losses.ts';

/** Of each file; all by default. Then nobody asserts that every step was tried. */
const MOST = Number(process.env.SCHEDULES ?? Number.POSITIVE_INFINITY);
const GIVEN = process.env.SCHEDULE;
/** A failure by itself is enough; more of them tell what they have in common. */
const MOST_FAILURES = 20;

type Work = Schedule['work'];

/** Every fault at every message of a round, in rooms of two to five, where the leader asks and where another device does. */
export async function exploreFaults(work: Work): Promise<void> {
  const calms: Schedule[] = [2, 3, 4, 5].flatMap((devices) =>
    [0, devices - 1].map((asker) => ({ work, devices, asker, rounds: 1, strikes: [], seed: 1 })),
  );
  await explore(calms, FAULTS, everyFaultAtEveryStep);
}

/** The leader goes, then its heir, at every message. */
export async function exploreLosses(work: Work): Promise<void> {
  const calms = [4, 5].map((devices) => afterOneLoss(work, devices, devices - 1));
  await explore(calms, ['kill', 'close'], heirLostAtEveryStep);
}

/**
 * A schedule that fails is named so that it can be played again:
 * SCHEDULE='{"work":"stream",…}' npx vitest run e2e/explore
 */
async function explore(
  calms: readonly Schedule[],
  faults: readonly Fault[],
  trialsOf: (calm: Calm, seed: number) => Iterable<Trial>,
): Promise<void> {
  const failures: string[] = [];
  const wanted = new Map<number, readonly string[]>();
  const check = async (schedule: Schedule): Promise<void> => {
    const answers = await play(schedule).then((outcome) => outcome.answers, String);
    const calm = wanted.get(schedule.rounds) ?? [];
    if (JSON.stringify(answers) === JSON.stringify(calm)) return;
    failures.push(
      `SCHEDULE='${JSON.stringify(schedule)}': ${typeof answers === 'string' ? answers : `${answers} for ${calm}`}`,
    );
  };
  const coverage = new Coverage();
  for (const schedule of calms) {
    const { rounds } = schedule;
    if (!wanted.has(rounds)) wanted.set(rounds, (await play({ ...schedule, strikes: [] })).answers);
    if (GIVEN !== undefined) continue;
    const { answers, steps } = await play(schedule);
    expect(answers).toEqual(wanted.get(rounds));
    const calm = { schedule, steps: steps.at(-1) ?? [] };
    coverage.want(calm, faults);
    const trials = [...trialsOf(calm, 1)];
    const every = Math.max(1, Math.ceil((trials.length * calms.length) / MOST));
    for (const [at, trial] of trials.entries()) {
      if (at % every !== 0 || failures.length >= MOST_FAILURES) continue;
      await check(trial.schedule);
      coverage.tried(calm, trial);
    }
  }
  if (GIVEN !== undefined) {
    const given = JSON.parse(GIVEN) as Schedule;
    const [calm] = calms;
    if (given.work === calm?.work && given.rounds === calm.rounds) await check(given);
  }
  expect(failures, failures.join('\n')).toEqual([]);
  if (GIVEN !== undefined) return;
  console.log(String(coverage));
  if (MOST === Number.POSITIVE_INFINITY) expect(coverage.missing).toEqual([]);
}
