import type { Calm, Trial } from './every-step.ts';
import { FAULTS, isDeadly } from './fault.ts';
import type { Schedule } from './schedule.ts';

/** At which message of the first round the leader goes where that is not drawn. */
export const FIRST_LOSS = 3;
const DEADLY = FAULTS.filter(isDeadly);

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

/** The leader goes, and at each message of what the room does then, whoever leads or would. */
export function* heirLostInRecovery({ schedule, steps }: Calm, seed: number): Generator<Trial> {
  let next = seed;
  const [first] = schedule.strikes;
  for (const step of steps.keys()) {
    if (!first || step < first.step) continue;
    for (const fault of DEADLY) {
      const second = { round: 0, step: step + 1, fault, struck: 'leader' } as const;
      yield { step, fault, schedule: { ...schedule, strikes: [first, second], seed: next++ } };
    }
  }
}

/** What the second round is like after the leader was lost in the first. */
export function afterOneLoss(work: Schedule['work'], devices: number, rounds: number): Schedule {
  const strikes = [{ round: 0, step: FIRST_LOSS, fault: 'kill', struck: 0 }] as const;
  return { work, devices, asker: devices - 1, rounds, strikes, seed: 1 };
}
