import { FAULTS, isDeadly } from './fault.ts';
import type { Schedule, Strike } from './schedule.ts';
import type { Step } from './step.ts';

/** A run without faults, of which each message was noted. */
export interface Calm {
  readonly schedule: Schedule;
  /** In which faults are to strike, and its steps. */
  readonly round: number;
  readonly steps: readonly Step[];
}

/** One schedule, and which step and fault it tries. */
export interface Trial {
  readonly schedule: Schedule;
  /** Index of the step among those of the calm run. */
  readonly step: number;
  readonly fault: Strike['fault'];
}

/** Each fault at each message of the calm run: once where it strikes the sender, once the receiver, and the leader where that is neither. */
export function* everyFaultAtEveryStep({ schedule, steps, round }: Calm, seed: number): Generator<Trial> {
  let next = seed;
  for (const [step, { from, to }] of steps.entries()) {
    for (const fault of FAULTS) {
      const ends = [indexOf(from), indexOf(to)];
      // Corrupted is what arrives; who else could lead matters only where somebody is gone.
      const struck =
        fault === 'corrupt' ? ends.slice(1) : isDeadly(fault) ? [...new Set([...ends, 0])] : ends;
      for (const each of struck) {
        if (isDeadly(fault) && each === schedule.asker) continue;
        const strike = { round, step: step + 1, fault, struck: each };
        yield { step, fault, schedule: { ...schedule, strikes: [strike], seed: next++ } };
      }
    }
  }
}

/** {@link everyFaultAtEveryStep}, where it strikes now the sender and now the receiver. */
export function* everyFaultOnceAtEveryStep(calm: Calm, seed: number): Generator<Trial> {
  let waiting: Trial[] = [];
  const pick = function* (): Generator<Trial> {
    const chosen = waiting[(waiting[0]?.schedule.seed ?? 0) % Math.max(1, waiting.length)];
    if (chosen) yield chosen;
    waiting = [];
  };
  for (const trial of everyFaultAtEveryStep(calm, seed)) {
    const [first] = waiting;
    if (first && (first.step !== trial.step || first.fault !== trial.fault)) yield* pick();
    waiting.push(trial);
  }
  yield* pick();
}

/** The first device of a room is 'aaaa…', the second 'bbbb…'. */
function indexOf(peer: string): number {
  return peer.charCodeAt(0) - 'a'.charCodeAt(0);
}
