import { estimate } from './estimate.ts';
import { fits } from './fits.ts';
import type { PlanRoom } from './room.ts';

/** One device that does everything, as home sees it. */
export interface Alone {
  readonly device: string;
  readonly latencyMs: number;
  readonly periodMs: number;
}

/** Each device that can hold the whole model, fastest first. */
export function alone(room: PlanRoom): Alone[] {
  const end = room.blocks.length;
  return room.devices
    .filter((device) => end > 0 && fits(room, device, 0, end))
    .map(({ id: device }) => {
      const { latencyMs, periodMs } = estimate(room, [{ device, start: 0, end }]);
      return { device, latencyMs, periodMs };
    })
    .filter(({ latencyMs }) => latencyMs < Infinity)
    .sort((a, b) => a.latencyMs - b.latencyMs);
}
