import { describe, expect, test } from 'vitest';
import type { Epoch } from '../../core/ids.ts';
import type { RequestView } from '../../core/session/state.ts';
import { all } from './fixtures/cast.ts';
import { chainOf } from './fixtures/plans.ts';
import { measuredLaneMs, measuredMs, measuredPerSecond } from './measured.ts';

const plan = chainOf(all());
const [stage] = plan.stages;
if (!stage) throw new Error('The plan has no stages.');
const lane = { peer: stage.peer, ms: 1, share: 1 };

const request = (askedAt: number, latencyMs: number, part: Partial<RequestView> = {}): RequestView => ({
  id: askedAt,
  label: '',
  status: 'done',
  askedAt,
  latencyMs,
  epoch: plan.epoch,
  stages: [{ stage: 0, computeMs: latencyMs / 2, queueMs: 0 }],
  message: null,
  ...part,
});
/** The latest first, as a session keeps them. */
const oneByOne = (count: number, latencyMs: number, from = 0): RequestView[] =>
  Array.from({ length: count }, (_, i) => request(from + i * 1000, latencyMs)).reverse();

describe('the measured time of an answer', () => {
  test('is a median of the latest answers only', () => {
    const requests = [...oneByOne(20, 40, 100_000), ...oneByOne(30, 900)];
    expect(measuredMs(plan, requests)).toBe(40);
    expect(measuredLaneMs(plan, [], requests, 0, lane)).toBe(20);
  });

  test('is of answers that waited for no other, and of this plan', () => {
    const stream = Array.from({ length: 12 }, (_, i) => request(500_000 + i * 20, 300));
    expect(measuredMs(plan, stream)).toBeNull();
    expect(measuredMs(plan, [...stream, ...oneByOne(3, 40)])).toBe(40);
    const before = oneByOne(5, 40).map((each) => ({ ...each, epoch: (plan.epoch - 1) as Epoch }));
    expect(measuredMs(plan, before)).toBeNull();
    expect(measuredLaneMs(plan, [], before, 0, lane)).toBeNull();
    const running = request(1, 0, { status: 'running', latencyMs: null, epoch: null });
    expect(measuredMs(plan, [request(5, 50), running])).toBeNull();
  });

  test('is unknown before the first answer and for failed questions', () => {
    expect(measuredMs(plan, [])).toBeNull();
    expect(measuredMs(plan, [request(0, 5, { status: 'failed' })])).toBeNull();
    expect(measuredLaneMs(plan, [], [], 0, lane)).toBeNull();
  });
});

describe('the measured rate', () => {
  const stream = Array.from({ length: 12 }, (_, i) => request(10_000 + i * 20, 70));

  test('is of answers that overlapped, so that waiting for a person does not count', () => {
    expect(measuredPerSecond(plan, stream)).toBeCloseTo(50);
    expect(measuredPerSecond(plan, [...stream, ...oneByOne(5, 70)])).toBeCloseTo(50);
  });

  test('is unknown for answers that came one by one, for few, and for those of another plan', () => {
    expect(measuredPerSecond(plan, oneByOne(20, 70))).toBeNull();
    expect(measuredPerSecond(plan, [request(0, 50), request(10, 50)])).toBeNull();
    expect(measuredPerSecond({ ...plan, epoch: (plan.epoch + 1) as Epoch }, stream)).toBeNull();
  });
});
