import { expect } from 'vitest';
import { Coverage } from './coverage.ts';
import { type Calm, everyFaultAtEveryStep, everyFaultOnceAtEveryStep, type Trial } from './every-step.ts';
import { FAULTS, type Fault, isDeadly } from './fault.ts';
import { OPENING, play, type Schedule } from './schedule.ts';
import { afterOneLoss, FIRST_LOSS, heirLostAtEveryStep, heirLostInRecovery } from './two-losses.ts';

/** Of each test; all by default. With fewer, nobody asserts that every step was tried. */
const MOST = Number(process.env.SCHEDULES ?? Number.POSITIVE_INFINITY);
/** '2/5': the second of five pieces, for a machine with other things to do. */
const [PIECE = 1, PIECES = 1] = (process.env.PIECE ?? '1/1').split('/').map(Number);
const IS_ALL = MOST === Number.POSITIVE_INFINITY && PIECES === 1;
/** A failure by itself is enough; more of them tell what they have in common. */
const MOST_FAILURES = 20;

type Work = Schedule['work'];

/** What is tried where. */
interface Quest {
  readonly round: number;
  readonly faults: readonly Fault[];
  /** From so many messages of the round on. */
  readonly from: number;
  readonly trials: (calm: Calm, seed: number) => Iterable<Trial>;
}

/** A room of five sends 300 messages until then, and tries nothing that one of three does not: it has its time at night. */
const OPENING_ROOMS = process.env.ALL_ROOMS === undefined ? [2, 3] : [2, 3, 4, 5];

const EVERY_FAULT = { faults: FAULTS, from: 0, trials: everyFaultAtEveryStep } as const;
const DEADLY = FAULTS.filter(isDeadly);

/** Every fault at every message of a round, in rooms of two to five, where the leader asks and where another device does. */
export async function exploreFaults(work: Work): Promise<void> {
  const rooms: Schedule[] = [2, 3, 4, 5].flatMap((devices) =>
    [0, devices - 1].map((asker) => ({ work, devices, asker, rounds: 1, strikes: [], seed: 1 })),
  );
  await explore(rooms, { ...EVERY_FAULT, round: 0 });
}

/** Every fault at every message until the model runs and everybody could lead. */
export async function exploreOpening(work: Work): Promise<void> {
  const rooms: Schedule[] = OPENING_ROOMS.map((devices) => {
    return { work, devices, asker: devices - 1, rounds: 1, strikes: [], seed: 1 };
  });
  await explore(rooms, { ...EVERY_FAULT, round: OPENING, trials: everyFaultOnceAtEveryStep });
}

/** The leader goes, then, when the room is in order again, its heir, at every message. */
export async function exploreTwoLosses(work: Work): Promise<void> {
  const rooms = [4, 5].map((devices) => afterOneLoss(work, devices, 2));
  await explore(rooms, { round: 1, faults: DEADLY, from: 0, trials: heirLostAtEveryStep });
}

/** The leader goes, and its heir at every message while the room recovers. */
export async function exploreRecovery(work: Work): Promise<void> {
  const rooms = [4, 5].map((devices) => afterOneLoss(work, devices, 1));
  await explore(rooms, { round: 0, faults: DEADLY, from: FIRST_LOSS, trials: heirLostInRecovery });
}

/** Plays what {@link replay} plays, too: a failure says how. */
async function explore(
  rooms: readonly Schedule[],
  { round, faults, from, trials: trialsOf }: Quest,
): Promise<void> {
  const failures: string[] = [];
  const coverage = new Coverage();
  for (const schedule of rooms) {
    const calmAnswers = await answersOf({ ...schedule, strikes: [] });
    const { answers, steps } = await play(schedule);
    expect(answers).toEqual(calmAnswers);
    const calm = { schedule, round, steps: steps.get(round) ?? [] };
    const trials = [...trialsOf(calm, 1)];
    coverage.want(calm, faults, from);
    const every = Math.max(1, Math.ceil((trials.length * rooms.length) / MOST));
    for (const [at, trial] of trials.entries()) {
      const isChosen = at % every === 0 && Math.floor(at / every) % PIECES === PIECE - 1;
      if (!isChosen || failures.length >= MOST_FAILURES) continue;
      const outcome = await answersOf(trial.schedule).catch(String);
      coverage.tried(calm, trial, outcome === null);
      if (outcome !== null && JSON.stringify(outcome) !== JSON.stringify(calmAnswers)) {
        failures.push(`SCHEDULE='${JSON.stringify(trial.schedule)}' ${outcome}`);
      }
    }
  }
  console.log(String(coverage));
  expect(failures, failures.join('\n')).toEqual([]);
  if (IS_ALL) expect(coverage.missing).toEqual([]);
}

/** Plays one schedule again, as its failure named it: SCHEDULE='{"work":"stream",…}' npx vitest run e2e/explore/replay */
export async function replay(schedule: Schedule): Promise<void> {
  // What was measured once is known from then on: a first room is another one than all later ones.
  const calm = await answersOf({ ...schedule, strikes: [] });
  expect((await answersOf(schedule)) ?? calm).toEqual(calm);
}

async function answersOf(schedule: Schedule): Promise<readonly string[] | null> {
  return (await play(schedule)).answers;
}
