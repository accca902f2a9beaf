import type { DeviceState, PlanView, RequestView } from '../../core/session/state.ts';
import { median } from './format.ts';
import type { Lane } from './holdings.ts';
import { deviceOf } from './select.ts';

/** Fewer answers in a row say little of how many there could be. */
const ENOUGH = 6;
/** How many of the last answers count: enough to be steady, few enough to be current. */
const RECENT = 20;

/** A question that has its answer. */
interface Answered {
  readonly askedAt: number;
  /** When the answer came. */
  readonly at: number;
  readonly latencyMs: number;
  readonly stages: RequestView['stages'];
}

/**
 * Time for one answer under this plan, a median: of questions that had the devices for themselves, as those in a
 * stream wait for each other. Null before the first.
 */
export function measuredMs(plan: PlanView, requests: readonly RequestView[]): number | null {
  const alone = answeredBy(plan, requests).filter(({ askedAt, at }) => {
    const among = requests.filter((other) => other.askedAt < at && endOf(other) > askedAt);
    return among.length <= 1;
  });
  return median(alone.slice(0, RECENT).map(({ latencyMs }) => latencyMs));
}

/**
 * Answers a second under this plan while several were on their way at once: of the latest run in which each was asked
 * before the one before it had come. Null without such a run: who asks one by one measures patience.
 */
export function measuredPerSecond(plan: PlanView, requests: readonly RequestView[]): number | null {
  const run = answeredBy(plan, requests).slice(0, RECENT);
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
  if ((plan.stages[index]?.copies ?? []).length > 0) return null;
  const times = answeredBy(plan, requests).flatMap(({ stages }) =>
    stages.flatMap(({ stage, computeMs }) => (stage === index ? [computeMs] : [])),
  );
  return median(times.slice(0, RECENT));
}

/** The latest answer first. */
function answeredBy({ epoch }: PlanView, requests: readonly RequestView[]): readonly Answered[] {
  return requests
    .flatMap((request) => {
      const { askedAt, latencyMs, stages } = request;
      if (request.status !== 'done' || latencyMs === null || request.epoch !== epoch) return [];
      return [{ askedAt, at: askedAt + latencyMs, latencyMs, stages }];
    })
    .sort((a, b) => b.at - a.at);
}

/** When a question was no longer under way; one that failed counts to this day, as nobody noted when. */
function endOf({ askedAt, status, latencyMs }: RequestView): number {
  return status === 'done' && latencyMs !== null ? askedAt + latencyMs : Number.POSITIVE_INFINITY;
}
