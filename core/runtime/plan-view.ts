import type { Epoch, PeerId } from '../ids.ts';
import { estimate, stageBytes } from '../plan/estimate.ts';
import type { DeviceTimes } from '../plan/profile.ts';
import type { PlanStory } from '../plan/question.ts';
import type { PlannedStage, PlanResult, PlanRoom } from '../plan/room.ts';
import { leftOutReason } from '../plan/sentences.ts';
import type { Calibration } from '../protocol/calibration.ts';
import type { PlanMode, PlanView, StageView, WhatIf } from '../session/state.ts';
import type { PlanningRoom } from './plan-room.ts';

export interface ViewedPlan extends PlanningRoom {
  readonly epoch: Epoch;
  readonly mode: PlanMode;
  readonly plan: PlanResult;
  readonly calibration: Calibration;
}

/** A plan in the form that everybody sees, not loaded yet and without its story. */
export function planView({ epoch, mode, plan, room, out, calibration, times }: ViewedPlan): PlanView {
  const { stageMs } = estimate(room, plan.stages);
  const estimatedBlocks = calibration.estimated.filter(Boolean).length;
  return {
    epoch,
    mode,
    blocks: room.blocks.length,
    stages: plan.stages.map((stage, at) => ({
      ...stageView(room, stage, stageMs[at] ?? 0),
      ...doubtsOf(stage, times.get(stage.device as PeerId)),
    })),
    predictedLatencyMs: loneLatencyMs(room, plan),
    predictedPeriodMs: plan.periodMs,
    alone: null,
    optimal: plan.optimal,
    gap: gapOf(plan, mode),
    leftOut: out,
    ...(estimatedBlocks > 0 && { estimatedBlocks }),
    status: 'loading',
  };
}

/** Of an item that has the room for itself: of several devices that hold the first layers, it enters the quickest. */
function loneLatencyMs(room: PlanRoom, { stages, latencyMs }: PlanResult): number {
  const [first, ...others] = stages;
  if (!first?.copies) return latencyMs;
  const { start, end, device, copies } = first;
  const quickest = [device, ...copies].reduce((a, b) => {
    return ownMs(room, b, first) < ownMs(room, a, first) ? b : a;
  });
  return estimate(room, [{ device: quickest, start, end }, ...others]).latencyMs;
}

/** What one item takes on one of the devices that hold a stage. */
function ownMs(room: PlanRoom, id: string, { start, end }: PlannedStage): number {
  const found = room.devices.find((each) => each.id === id);
  return (found?.perItemMs ?? 0) + sum(found?.blockMs.slice(start, end) ?? []);
}

/** Adds what the plan can say of itself. */
export function withStory(view: PlanView, { explanation, front, whatIf }: PlanStory): PlanView {
  const { alone, leftOut } = explanation;
  // The story may be told again.
  const explained = new Set<string>(leftOut.map(({ device }) => device));
  return {
    ...view,
    alone: alone && { peer: alone.device as PeerId, latencyMs: alone.latencyMs },
    leftOut: [
      ...view.leftOut.filter(({ peer }) => !explained.has(peer)),
      ...leftOut.map((out) => ({ peer: out.device as PeerId, reason: leftOutReason(out) })),
    ],
    front,
    whatIf: whatIf.map(({ device, ...what }): WhatIf => ({ ...what, peer: device as PeerId })),
  };
}

/** The stages in the planner's terms. */
export function plannedStages({ stages }: PlanView): PlannedStage[] {
  return stages.map(({ peer, start, end, copies = [] }) => ({
    device: peer,
    start,
    end,
    ...(copies.length > 0 && { copies: copies.map((copy) => copy.peer) }),
  }));
}

/** True when both plans put the same layers on the same devices in the same order. */
export function sameAssignment(a: PlanView, b: PlanView): boolean {
  const places = (plan: PlanView): string => JSON.stringify(plannedStages(plan));
  return a.blocks === b.blocks && places(a) === places(b);
}

/** True when both stages have the same layers, whoever holds them. */
export function sameStage(a: StageView, b: StageView): boolean {
  return a.start === b.start && a.end === b.end;
}

function stageView(room: PlanRoom, stage: PlannedStage, ms: number): StageView {
  const { device, start, end, copies = [] } = stage;
  const own = (id: string): number => ownMs(room, id, stage);
  return {
    peer: device as PeerId,
    ...(copies.length > 0 && {
      copies: copies.map((id) => ({ peer: id as PeerId, predictedMs: own(id) })),
    }),
    start,
    end,
    weightBytes: sum(room.blocks.slice(start, end).map((block) => block.weightBytes)),
    memoryBytes: stageBytes(room, start, end),
    sendsBytes: room.blocks[end - 1]?.outputBytes ?? 0,
    predictedMs: copies.length > 0 ? own(device) : ms,
  };
}

/** How sure the stage's time on its first device is. */
function doubtsOf(
  { start, end }: PlannedStage,
  times: DeviceTimes | undefined,
): Pick<StageView, 'spread' | 'estimatedBlocks'> {
  const estimatedBlocks = times ? times.timed.slice(start, end).filter((is) => !is).length : end - start;
  return { ...(times && { spread: times.spread }), ...(estimatedBlocks > 0 && { estimatedBlocks }) };
}

/** How far above the bound of its aim the plan is at most. */
function gapOf({ optimal, lowerBoundMs, latencyMs, periodMs }: PlanResult, mode: PlanMode): number {
  const value = mode === 'most' ? periodMs : latencyMs;
  return optimal || !(lowerBoundMs > 0) ? 0 : Math.max(0, value / lowerBoundMs - 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
