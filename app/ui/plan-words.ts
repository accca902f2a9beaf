import type { PeerId } from '../../core/ids.ts';
import type { PlanView } from '../../core/session/state.ts';
import { aimOf, inAim } from './aim.ts';
import { count, ms, percent, rate } from './format.ts';
import { homeOfEnds, lanesOf } from './holdings.ts';

/** Under this gain two plans are the same to a person and to the error of the prediction. */
const WORTH_SAYING = 0.05;

type NameOf = (peer: PeerId) => string;

/** The numbers that the mode is about first, predicted and measured side by side. */
export function headline(plan: PlanView, latencyMs: number | null, perSecond: number | null): string {
  const told = latencyMs === null ? 'not measured yet' : `measured ${ms(latencyMs)}`;
  const one = `Predicted ${ms(plan.predictedLatencyMs)} an answer, ${told}.`;
  const many = `${rate(1000 / plan.predictedPeriodMs)} at most${perSecond === null ? '' : `, measured ${rate(perSecond).split(' ')[0]}`}.`;
  if (plan.stages.length === 1 && !plan.stages[0]?.copies) return one;
  return plan.mode === 'most'
    ? `Predicted ${many} ${ms(plan.predictedLatencyMs)} an answer, ${told}.`
    : `${one} ${many}`;
}

/** What one device would do alone, where it would do better; null where the plan is worth its devices. */
export function betterAlone(plan: PlanView, nameOf: NameOf): string | null {
  const { alone } = plan;
  if (!alone || (plan.stages.length < 2 && !plan.stages[0]?.copies)) return null;
  const limit = 1 - WORTH_SAYING;
  if (plan.mode === 'most') {
    if (alone.latencyMs > plan.predictedPeriodMs * limit) return null;
    return `${nameOf(alone.peer)} alone would give more: ${rate(1000 / alone.latencyMs)} against ${rate(1000 / plan.predictedPeriodMs)}.`;
  }
  if (alone.latencyMs > plan.predictedLatencyMs * limit) return null;
  return `${nameOf(alone.peer)} alone would be faster: ${ms(alone.latencyMs)} against ${ms(plan.predictedLatencyMs)}.`;
}

/** What is unusual about the chain, in a sentence for each. */
export function shapeWords(plan: PlanView, nameOf: NameOf): readonly string[] {
  const home = homeOfEnds(plan);
  const shared = plan.stages.filter((stage) => stage.copies && stage.copies.length > 0);
  const most = Math.max(0, ...shared.map((stage) => lanesOf(stage).length));
  return [
    ...(shared.length > 0
      ? [
          `Where ${count(most, 'device')} hold the same layers, each answer goes through one of them, the quicker ones taking more.`,
        ]
      : []),
    ...(home === null ? [] : [`The first and the last layers stay with ${nameOf(home)}.`]),
  ];
}

/** What the plan is the best of, in a sentence. */
export function aimWords(plan: PlanView): string {
  const { mode } = plan;
  if (mode === 'fastest')
    return 'Of all ways to share the layers out, this one should give one answer soonest, by the speed, memory and links that the devices measured.';
  if (mode === 'most')
    return 'Of all ways to share the layers out, this one should give the most answers a second when many are asked for, by the speed, memory and links that the devices measured.';
  if (mode === 'everyone')
    return 'Every device that can holds at least one layer; among those ways, this one should give about the most answers a second, and then an answer soonest.';
  return `Of all ways that give at least ${rate(1000 / mode.everyMs)}, this one should give one answer soonest.`;
}

/** How sure that is. */
export function proofWords({ optimal, gap = 0 }: PlanView): string {
  if (optimal) return 'The plan is proven the best by these numbers.';
  if (gap > 0 && Number.isFinite(gap)) return `It is at most ${percent(gap)} from the best there can be.`;
  return 'A better one may exist; the search was cut short.';
}

/** Where layers were too large to be tried, in a sentence; otherwise null. */
export function estimateWords({ estimatedBlocks = 0, blocks }: PlanView): string | null {
  if (estimatedBlocks === 0) return null;
  return `The time of ${count(estimatedBlocks, 'layer')} of ${blocks} was computed from others of their kind, as no device could try them alone.`;
}

/** How the plan stands by what is measured while it runs; null before anything is. */
export function standingWords({ now, mode }: PlanView): string | null {
  if (!now) return null;
  const gain = now.presentMs / now.bestMs - 1;
  if (!(gain > 0.02)) return 'By what is measured now, no other plan would be better.';
  const aim = aimOf(mode);
  return `By what is measured now, the best plan would be ${percent(gain)} better: ${inAim(aim, now.bestMs)} against ${inAim(aim, now.presentMs)}. Layers move once that is worth the moving.`;
}

/** Reads on after a colon: names and abbreviations keep their capitals. */
export function lowerFirst(text: string): string {
  return /^(It|Its|With|There|No|You|Every|Even|This|The|Not)\b/.test(text)
    ? text.charAt(0).toLowerCase() + text.slice(1)
    : text;
}
