import type { Epoch, PeerId } from '../ids.ts';
import { estimate } from '../plan/estimate.ts';
import { explain } from '../plan/explain.ts';
import { planBy } from '../plan/modes.ts';
import { roomFrom } from '../plan/profile.ts';
import type { Infeasible, PlannedStage, PlanRoom } from '../plan/room.ts';
import { roomSearch } from '../plan/room-search.ts';
import { leftOutReason } from '../plan/sentences.ts';
import type { LinkReport } from '../protocol/messages.ts';
import type { DeviceCard, PlanMode, PlanView } from '../session/state.ts';
import type { Calibration } from './calibrate.ts';

/** Layers move for a gain above this factor; profiles of one device vary by about 15 % from run to run here. */
const WORTH_MOVING = 1.25;

/** What the leader knows of the room. */
export interface RoomKnowledge {
  /** The leader's own device, which measured the model. */
  readonly home: PeerId;
  /** Devices that are here. */
  readonly cards: readonly DeviceCard[];
  readonly links: ReadonlyMap<PeerId, readonly LinkReport[]>;
  /** Devices that failed with this model, and why. */
  readonly failed: ReadonlyMap<PeerId, string>;
  readonly calibration: Calibration;
  readonly mode: PlanMode;
  readonly epoch: Epoch;
  /** The plan in force, kept where a new one would gain little. */
  readonly current: PlanView | null;
}

/** The plan for a room in the form that everybody sees, not loaded yet. */
export function planFor(known: RoomKnowledge): PlanView | Infeasible {
  const { calibration, mode } = known;
  const room = planRoom(known);
  if (room.devices.length === 0) return { infeasible: 'No device here is ready to hold layers yet.' };
  const result = planBy(mode, roomSearch(room));
  if ('infeasible' in result) return result;
  const kept = worthKeeping(known, room, result.stages);
  const chosen = kept ? { ...result, ...estimate(room, kept), stages: kept, optimal: false } : result;
  const explanation = explain(room, chosen, mode);
  return {
    epoch: known.epoch,
    mode,
    blocks: room.blocks.length,
    stages: explanation.stages.map(({ device, start, end, ms }) => ({
      peer: device as PeerId,
      start,
      end,
      weightBytes: sum(calibration.blockWeightBytes.slice(start, end)),
      sendsBytes: calibration.boundaryBytes[end] ?? 0,
      predictedMs: ms,
    })),
    predictedLatencyMs: chosen.latencyMs,
    predictedPeriodMs: chosen.periodMs,
    alone: explanation.alone && {
      peer: explanation.alone.device as PeerId,
      latencyMs: explanation.alone.latencyMs,
    },
    optimal: chosen.optimal,
    leftOut: explanation.leftOut.map((out) => ({ peer: out.device as PeerId, reason: leftOutReason(out) })),
    status: 'loading',
  };
}

/** True when both plans put the same layers on the same devices in the same order. */
export function sameAssignment(a: PlanView, b: PlanView): boolean {
  const places = ({ stages }: PlanView): string =>
    stages.map(({ peer, start, end }) => `${peer}:${start}-${end}`).join();
  return a.blocks === b.blocks && places(a) === places(b);
}

/**
 * The present stages, when the same devices would hold stages again and the best plan is not clearly better:
 * measurements waver, and moving layers costs everybody a pause.
 */
function worthKeeping(
  { current, mode }: RoomKnowledge,
  room: PlanRoom,
  wanted: readonly PlannedStage[],
): readonly PlannedStage[] | null {
  if (!current || current.mode !== mode || current.blocks !== room.blocks.length) return null;
  const holders = new Set(wanted.map(({ device }) => device));
  const same =
    current.stages.length === wanted.length && current.stages.every(({ peer }) => holders.has(peer));
  if (!same) return null;
  const stages = current.stages.map(({ peer, start, end }) => ({ device: peer, start, end }));
  const cost = (plan: readonly PlannedStage[]): number => {
    const { latencyMs, stageMs } = estimate(room, plan);
    return mode === 'everyone' ? Math.max(...stageMs) : latencyMs;
  };
  return cost(stages) <= cost(wanted) * WORTH_MOVING ? stages : null;
}

function planRoom({ home, cards, links, failed, calibration }: RoomKnowledge): PlanRoom {
  const usable = cards.flatMap(({ peer, status, profile }) =>
    status === 'ready' && profile && !failed.has(peer)
      ? [
          {
            id: peer,
            benchMs: profile.benchMs,
            memoryBytes: profile.memoryBytes,
            largestTensorBytes: profile.largestTensorBytes,
          },
        ]
      : [],
  );
  return roomFrom({
    home,
    model: calibration,
    modelBenchMs: cards.find(({ peer }) => peer === home)?.profile?.benchMs ?? 1,
    devices: usable,
    links: [...links].flatMap(([from, reports]) =>
      reports.map(({ peer, rttMs, mbitPerSec }) => ({ from, to: peer, rttMs, mbitPerSec })),
    ),
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
