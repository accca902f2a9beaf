import type { DeviceState, PlanView, RequestView } from '../../core/session/state.ts';
import type { Lane } from './holdings.ts';
import { deviceOf, measuredStageMs } from './select.ts';

/** Fewer answers in a row say little of how many there could be. */
const ENOUGH = 6;
/** The latest of them: enough to be steady, few enough to be current. */
const RECENT = 20;

/**
 * Answers a second while several were on their way at once: of the latest run in which each was asked before the
 * one before it had come. Null without such a run: who asks one by one measures patience.
 */
export function measuredPerSecond(requests: readonly RequestView[]): number | null {
  const done = requests
    .flatMap(({ status, askedAt, latencyMs }) =>
      status === 'done' && latencyMs !== null ? [{ askedAt, at: askedAt + latencyMs }] : [],
    )
    .sort((a, b) => b.at - a.at);
  const run = done.slice(0, RECENT);
  const broken = run.findIndex(({ askedAt }, i) => askedAt > (run[i + 1]?.at ?? Number.POSITIVE_INFINITY));
  const whole = broken < 0 ? run : run.slice(0, broken + 1);
  const [last, first] = [whole[0], whole.at(-1)];
  if (!last || !first || whole.length < ENOUGH || last.at <= first.at) return null;
  return ((whole.length - 1) * 1000) / (last.at - first.at);
}

/** What a device says of its own pace on a stage; without that, what this page's answers told of the stage. */
export function measuredLaneMs(
  plan: PlanView,
  devices: readonly DeviceState[],
  requests: readonly RequestView[],
  index: number,
  lane: Lane,
): number | null {
  const paces = deviceOf(devices, lane.peer)?.load.paces ?? [];
  const pace = paces.find(({ epoch, stage }) => epoch === plan.epoch && stage === index);
  if (pace) return pace.ms;
  // Answers do not tell which of several devices they passed.
  const alone = (plan.stages[index]?.copies ?? []).length === 0;
  return alone ? measuredStageMs(requests, index) : null;
}
