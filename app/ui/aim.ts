import type { PlanMode, PlanView } from '../../core/session/state.ts';
import { ms, rate } from './format.ts';

/** What a mode wants to be little: the time for one answer, or the time between two. */
export type Aim = 'latency' | 'period';

export function aimOf(mode: PlanMode): Aim {
  return mode === 'most' || mode === 'everyone' ? 'period' : 'latency';
}

/** A time of the aim in the words of the aim: "61 ms an answer", "24 answers a second". */
export function inAim(aim: Aim, value: number): string {
  return aim === 'period' ? rate(1000 / value) : `${ms(value)} an answer`;
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
