import type { PlanRoom } from './room.ts';

/** `count` devices in a full mesh, the first is home; speed and link numbers spread without randomness. For tests. */
export function meshOf(count: number, layers: number, change: Partial<PlanRoom> = {}): PlanRoom {
  const ids = Array.from({ length: count }, (_, d) => `d${d}`);
  return {
    objective: 'latency',
    home: 'd0',
    inputBytes: 600_000,
    blocks: Array.from({ length: layers }, (_, b) => ({
      weightBytes: 1_000_000 + ((b * 7919) % 13) * 100_000,
      workspaceBytes: 100_000,
      outputBytes: 4000 + ((b * 104_729) % 17) * 20_000,
    })),
    devices: ids.map((id, d) => ({
      id,
      memoryBytes: 3_000_000 + layers * 250_000,
      blockMs: Array.from({ length: layers }, (_, b) => (1 + ((b * 31 + d * 17) % 11) / 4) * (1 + d / 2)),
    })),
    links: ids.flatMap((from, a) =>
      ids.slice(a + 1).map((to, b) => ({
        from,
        to,
        delayMs: 1 + ((a * 5 + b * 3) % 7),
        mbitPerSec: 20 + 30 * ((a + b) % 5),
      })),
    ),
    ...change,
  };
}
