import { estimate } from './estimate.ts';
import type { PlannedStage, PlanRoom } from './room.ts';

/** A plan that fits the room, with the numbers it is judged by. */
export interface CountedPlan {
  readonly stages: readonly PlannedStage[];
  readonly latencyMs: number;
  readonly largestStageMs: number;
}

/** Every possible plan of a small room, one by one: what the tests hold the recurrences against. Exponential. */
export function* allPlans(room: PlanRoom): Generator<CountedPlan> {
  for (const stages of chains(room, new Set(), 0)) {
    const { latencyMs, stageMs } = estimate(room, stages);
    if (latencyMs < Infinity) yield { stages, latencyMs, largestStageMs: Math.max(...stageMs) };
  }
}

function* chains(room: PlanRoom, used: ReadonlySet<string>, start: number): Generator<PlannedStage[]> {
  if (start === room.blocks.length) yield [];
  for (const device of room.devices) {
    if (used.has(device.id)) continue;
    let weights = 0;
    let workspace = 0;
    for (let end = start + 1; end <= room.blocks.length; end++) {
      weights += room.blocks[end - 1]?.weightBytes ?? 0;
      workspace = Math.max(workspace, room.blocks[end - 1]?.workspaceBytes ?? 0);
      if (weights + workspace > device.memoryBytes) break;
      if ((room.blocks[end - 1]?.largestTensorBytes ?? 0) > (device.largestTensorBytes ?? Infinity)) break;
      for (const rest of chains(room, new Set([...used, device.id]), end)) {
        yield [{ device: device.id, start, end }, ...rest];
      }
    }
  }
}
