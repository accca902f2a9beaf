import type { Calm, Trial } from './every-step.ts';
import type { Schedule } from './schedule.ts';

const DEADLY = ['kill', 'close'] as const;

/** The leader goes in the first round, wherever the seed says; whoever leads then goes at each message of the second. */
export function* heirLostAtEveryStep({ schedule, steps }: Calm, seed: number): Generator<Trial> {
  let next = seed;
  for (const step of steps.keys()) {
    for (const fault of DEADLY) {
      const first = {
        round: 0,
        step: 1 + ((next * 7) % steps.length),
        fault: DEADLY[next % 2] ?? 'kill',
        struck: 0,
      } as const;
      const second = { round: 1, step: step + 1, fault, struck: 'leader' } as const;
      yield { step, fault, schedule: { ...schedule, strikes: [first, second], seed: next++ } };
    }
  }
}

/** What the second round is like after the leader was lost in the first. */
export function afterOneLoss(work: Schedule['work'], devices: number, asker: number): Schedule {
  const strikes = [{ round: 0, step: 3, fault: 'kill', struck: 0 }] as const;
  return { work, devices, asker, rounds: 2, strikes, seed: 1 };
}
