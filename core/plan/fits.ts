import { stageBytes } from './estimate.ts';
import type { PlanDevice, PlanRoom } from './room.ts';

/** Whether a device can hold blocks [start, end): all of their memory, and each weight in one of its GPU's buffers. */
export function fits(room: PlanRoom, device: PlanDevice, start: number, end: number): boolean {
  const largest = device.largestTensorBytes ?? Infinity;
  return (
    stageBytes(room, start, end) <= device.memoryBytes &&
    room.blocks.slice(start, end).every((block) => (block.largestTensorBytes ?? 0) <= largest)
  );
}
