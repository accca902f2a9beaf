import type { FrontPoint, PlanMode } from '../../core/session/state.ts';
import { count, ms, rate } from './format.ts';

/** More points than fingers on a hand or two nobody weighs against one another. */
const MOST_SHOWN = 8;
/** Points nearer than this in both numbers are one point to a person. */
const NEAR = 0.03;

/** The front thinned to what can be told apart: always with its two ends. */
export function shownFront(front: readonly FrontPoint[]): readonly FrontPoint[] {
  const [first, last] = [front[0], front.at(-1)];
  if (!first || !last || front.length < 2) return front;
  const apart: FrontPoint[] = [];
  for (const point of front.slice(1, -1))
    if (!isNear(apart.at(-1) ?? first, point) && !isNear(point, last)) apart.push(point);
  const step = Math.max(1, apart.length / (MOST_SHOWN - 2));
  const picked = apart.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
  return [first, ...picked, ...(isNear(first, last) ? [] : [last])];
}

function isNear(a: FrontPoint, b: FrontPoint): boolean {
  return Math.abs(a.latencyMs / b.latencyMs - 1) < NEAR && Math.abs(a.periodMs / b.periodMs - 1) < NEAR;
}

/** Which point a mode asks for; -1 for a mode that asks for something else. */
export function chosenPoint(points: readonly FrontPoint[], mode: PlanMode): number {
  if (points.length === 0 || mode === 'everyone') return -1;
  if (mode === 'fastest') return 0;
  if (mode === 'most') return points.length - 1;
  // Least latency among those that keep the pace: the first, as the latency rises along the front.
  return points.findIndex(({ periodMs }) => periodMs <= mode.everyMs);
}

/** The mode that asks for a point: the two ends have names. */
export function modeOf(points: readonly FrontPoint[], at: number): PlanMode {
  if (at <= 0) return 'fastest';
  const point = points[at];
  // A hair of slack, so that rounding on the way to the planner does not exclude the very point.
  return point && at < points.length - 1 ? { everyMs: point.periodMs * 1.0001 } : 'most';
}

/** "61 ms an answer, 24 answers a second, 2 devices". */
export function pointWords({ latencyMs, periodMs, devices }: FrontPoint): string {
  return `${ms(latencyMs)} an answer, ${rate(1000 / periodMs)}, ${count(devices, 'device')}`;
}

/** A stretch of numbers along one side of a chart, with round marks in it. */
export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly marks: readonly number[];
}

/** Room around the values, and marks at steps of 1, 2 or 5. */
export function axis(values: readonly number[]): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const space = (most - least || Math.abs(most) || 1) * 0.14;
  const [from, to] = [Math.max(0, least - space), most + space];
  const rough = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power;
  const first = Math.ceil(from / step);
  const marks = Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) =>
    // Not 0.30000000000000004.
    Number(((first + i) * step).toPrecision(6)),
  );
  return { from, to, marks };
}

/** Where a value lies on its axis, 0..1. */
export function placeOn({ from, to }: Axis, value: number): number {
  return (value - from) / (to - from);
}
