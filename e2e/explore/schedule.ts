import { seededRandom } from '../../core/graph/seeded-random.ts';
import type { PeerId } from '../../core/ids.ts';
import { type Fault, strike } from './fault.ts';
import { hasHeirs, isAtRest, isSettled, runsOnAll } from './rest.ts';
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
  readonly round: number;
  /** Strikes when so many messages have been sent since the round began. */
  readonly step: number;
  readonly fault: Fault;
  /** A device, or whoever leads or would lead next. */
  readonly struck: number | 'leader';
}

interface Outcome {
  readonly answers: readonly string[];
  /** Messages that were sent while each round went on. */
  readonly steps: readonly (readonly Step[])[];
}

/** Longest honest way to a last answer: silence is noticed after 6 s, and some things happen one after another. */
const PATIENCE_MS = 120_000;

/** @throws Error that names the first invariant that did not hold. */
export async function play(schedule: Schedule): Promise<Outcome> {
  const { devices, rounds } = schedule;
  const random = seededRandom(schedule.seed);
  const world = new World(random);
  const { model, begin } = schedule.work === 'stream' ? stream : generation;
  try {
    const names = 'abcdefgh'.slice(0, devices).split('');
    const [first] = names.map((name) => world.join(name.repeat(16) as PeerId));
    const asker = world.devices[schedule.asker];
    if (!asker || !first?.leader) throw new Error('nobody asks, or leads');
    void first.leader.open(model);
    await world.until('a plan for all', () => runsOnAll(world));
    await world.until('heirs', () => hasHeirs(world));
    await world.clock.pass(500);
    const answers: string[] = [];
    const steps: (readonly Step[])[] = [];
    const work = begin(asker, answers);
    for (let round = 0; round < rounds; round++) {
      if (round > 0) await world.until('a room in order', () => isSettled(world) && hasHeirs(world));
      const strikes = schedule.strikes.filter((each) => each.round === round);
      world.steps = [];
      world.onStep = (step) => {
        for (const each of strikes) {
          const struck = each.step === world.steps.length && deviceOf(world, each.struck);
          if (struck) strike(world, struck, each.fault, step, random);
        }
      };
      await world.clock.until(work.next(), PATIENCE_MS).catch((error: unknown) => {
        throw new Error(`${String(error)} ${told(world.devices)}`);
      });
      steps.push(world.steps);
      if (round < rounds - 1) world.onStep = () => undefined;
    }
    work.end();
    await world.until('a room at rest', () => isAtRest(world));
    return { answers, steps };
  } finally {
    world.close();
  }
}

function deviceOf({ devices, living }: World, struck: Strike['struck']): Device | undefined {
  if (struck !== 'leader') return devices[struck];
  const [any] = living;
  const [next] = any?.member.inOrder(living.map(({ peer }) => peer)) ?? [];
  return living.find(({ leader }) => leader) ?? living.find(({ peer }) => peer === next);
}
