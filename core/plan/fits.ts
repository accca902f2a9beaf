import { estimate, holdersOf } from './estimate.ts';
import type { PlanDevice, PlannedStage, PlanRoom } from './room.ts';
import { Holding } from './tables.ts';

/** Whether a device can hold blocks [start, end): all of their memory, and each weight in one of its GPU's buffers. */
export function fits(room: PlanRoom, device: PlanDevice, start: number, end: number): boolean {
  const held = new Holding(device);
  return room.blocks.slice(start, end).every((block) => held.takes(block));
}

/** Whether stages are a plan of the room: all blocks in order, each device once, within every limit and rule. */
export function allows(room: PlanRoom, stages: readonly PlannedStage[]): boolean {
  const { blocks, devices, home, endsAtHome } = room;
  const inOrder = stages.every(({ start, end }, at) => start === (stages[at - 1]?.end ?? 0) && start < end);
  if (!inOrder || stages.at(-1)?.end !== blocks.length) return false;
  const holders = stages.flatMap(holdersOf);
  const ends = [stages[0], stages.at(-1)];
  const keptAtHome = ends.every((stage) => stage?.device === home && holdersOf(stage).length === 1);
  if (endsAtHome && !keptAtHome) return false;
  const again = holders.filter((device, at) => holders.indexOf(device) < at);
  const headAndTail = endsAtHome && stages.length > 2;
  if (again.length > (headAndTail ? 1 : 0)) return false;
  if (devices.some(({ id, required }) => required && !holders.includes(id))) return false;
  const known = holders.every((holder) => devices.some(({ id }) => id === holder));
  const enough = devices.every((device) => {
    const held = new Holding(device);
    return stages
      .filter((stage) => holdersOf(stage).includes(device.id))
      .every(({ start, end }) => room.blocks.slice(start, end).every((block) => held.takes(block)));
  });
  return known && enough && estimate(room, stages).latencyMs < Infinity;
}
