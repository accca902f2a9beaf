import type { PlanMode, PlanView } from '../../core/session/state.ts';
import { ms, rate } from './format.ts';

/** What a mode wants to be little: the time for one answer, the time between two, or the time of the longest part. */
export type Aim = 'latency' | 'period' | 'part';

export function aimOf(mode: PlanMode): Aim {
  if (mode === 'most') return 'period';
  return mode === 'everyone' ? 'part' : 'latency';
}

/** A time of the aim in the words of the aim: "61 ms an answer", "24 answers a second". */
export function inAim(aim: Aim, value: number): string {
  if (aim === 'period') return rate(1000 / value);
  return aim === 'part' ? `${ms(value)} for the longest part` : `${ms(value)} an answer`;
}

/** What each of the three choices promises, in numbers; null where the plan cannot tell. */
export interface Promises {
  readonly fastest: number | null;
  readonly most: number | null;
  readonly everyone: number | null;
}

/** `fastest` and `everyone` as latency, `most` as answers a second. */
export function promises(plan: PlanView | null): Promises {
  if (!plan) return { fastest: null, most: null, everyone: null };
  const { front = [], mode } = plan;
  const [quick, many] = [front[0], front.at(-1)];
  return {
    fastest: quick?.latencyMs ?? (mode === 'fastest' ? plan.predictedLatencyMs : null),
    most: many ? 1000 / many.periodMs : mode === 'most' ? 1000 / plan.predictedPeriodMs : null,
    everyone: mode === 'everyone' ? plan.predictedLatencyMs : null,
  };
}
