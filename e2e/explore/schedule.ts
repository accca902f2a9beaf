import { seededRandom } from '../../core/graph/seeded-random.ts';
import type { PeerId } from '../../core/ids.ts';
import type { OpenModel } from '../../core/runtime/open-model.ts';
import { type Fault, strike } from './fault.ts';
import { fewestCopies, hasHeirs, isAtRest, isSettled, runsOnAll } from './rest.ts';
import type { Step } from './step.ts';
import { told } from './told.ts';
import { generation, stream } from './work.ts';
import { type Device, World } from './world.ts';

/** One run of the explorer, all of it drawn from its numbers. */
export interface Schedule {
  readonly work: 'stream' | 'generation';
  /** The first opens the model and leads. */
  readonly devices: number;
  /** Which of them asks. */
  readonly asker: number;
  /** How often it asks; the room comes to rest in between. */
  readonly rounds: number;
  readonly strikes: readonly Strike[];
  /** For how long, and in what order packets arrive. */
  readonly seed: number;
}

export interface Strike {
  /** {@link OPENING}: before the first, while the model is opened. */
  readonly round: number;
  /** Strikes when so many messages have been sent since the round began. */
  readonly step: number;
  readonly fault: Fault;
  /** A device, or whoever leads or would lead next. */
  readonly struck: number | 'leader';
}

export const OPENING = -1;

export interface Outcome {
  /** Null where weights were lost with the last device that had them: then there is none. */
  readonly answers: readonly string[] | null;
  /** Messages that were sent while each round went on. */
  readonly steps: ReadonlyMap<number, readonly Step[]>;
}

/** Longest honest way to a last answer: silence is noticed after 6 s, and some things happen one after another. */
const PATIENCE_MS = 120_000;

/** @throws Error that names the first invariant that did not hold. */
export async function play(schedule: Schedule): Promise<Outcome> {
  const random = seededRandom(schedule.seed);
  const world = new World(random);
  const { model, begin } = schedule.work === 'stream' ? stream : generation;
  const steps = new Map<number, readonly Step[]>();
  const round = (number: number): void => {
    const strikes = schedule.strikes.filter((each) => each.round === number);
    world.steps = [];
    steps.set(number, world.steps);
    world.onStep = (step) => {
      for (const each of strikes) {
        const struck = each.step === world.steps.length && deviceOf(world, each.struck);
        if (struck) strike(world, struck, each.fault, step, random);
      }
    };
  };
  try {
    round(OPENING);
    const names = 'abcdefgh'.slice(0, schedule.devices).split('');
    for (const name of names) world.join(name.repeat(16) as PeerId);
    await open(world, model);
    const asker = world.devices[schedule.asker];
    if (!asker) throw new Error('nobody asks');
    const answers: string[] = [];
    const work = begin(asker, answers);
    for (let number = 0; number < schedule.rounds; number++) {
      if (number > 0) await world.until('a room in order', () => isSettled(world) && hasHeirs(world));
      round(number);
      await world.clock.until(work.next(), PATIENCE_MS);
    }
    work.end();
    await world.until('a room at rest', () => isAtRest(world));
    return { answers, steps };
  } catch (error) {
    if ((await fewestCopies(world, model)) === 0) return { answers: null, steps };
    throw new Error(`${String(error)} ${told(world.devices)}`);
  } finally {
    world.close();
  }
}

/** The leader opens a model; where it goes before it could leave it to anybody, whoever leads then does. */
async function open(world: World, model: OpenModel): Promise<void> {
  let opener: Device | undefined;
  const isReady = (): boolean => {
    const leader = world.living.find((device) => device.leader);
    if (leader !== opener && leader?.leader && leader.state().model.kind === 'none') {
      opener = leader;
      void leader.leader.open(model);
    }
    return runsOnAll(world) && hasHeirs(world);
  };
  await world.until('a plan for all, and heirs', isReady, PATIENCE_MS);
  await world.clock.pass(500);
}

function deviceOf({ devices, living }: World, struck: Strike['struck']): Device | undefined {
  if (struck !== 'leader') return devices[struck];
  const [any] = living;
  const [next] = any?.member.inOrder(living.map(({ peer }) => peer)) ?? [];
  return living.find(({ leader }) => leader) ?? living.find(({ peer }) => peer === next);
}
