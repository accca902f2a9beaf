import type { PlanRoom } from './room.ts';

/** A plan of {@link everyPlan}, with what it costs. */
export interface CountedPlan {
  /** Changes after the visit. */
  readonly stages: readonly { readonly device: string; readonly start: number; readonly end: number }[];
  readonly latencyMs: number;
  readonly periodMs: number;
}

/** A hop of the file contract: its time for an item, and how long the link is occupied. */
interface Hop {
  readonly ms: number;
  readonly busyMs: number;
}

const NO_WAY: Hop = { ms: Infinity, busyMs: Infinity };

/**
 * Every possible plan of a small room with its costs: what the tests hold the planner against. Written from the file
 * contract alone, without the planner's tables, estimate or rules; exponential.
 */
export function everyPlan(room: PlanRoom, visit: (plan: CountedPlan) => void): void {
  const { blocks, devices, home, endsAtHome = false } = room;
  const count = blocks.length;
  const sizeAt = (boundary: number): number =>
    boundary === 0 ? room.inputBytes : (blocks[boundary - 1]?.outputBytes ?? 0);
  const hop = hopsOf(room, [room.inputBytes, ...blocks.map(({ outputBytes }) => outputBytes)]);
  const stages: { at: number; device: string; start: number; end: number }[] = [];

  const finish = (latencyMs: number, transferMs: number): void => {
    const back = hop(stages.at(-1)?.at ?? -1, devices.length, count);
    const held = new Set(stages.map((stage) => stage.device));
    if (back.ms === Infinity || devices.some(({ id, required }) => required && !held.has(id))) return;
    let periodMs = Math.max(transferMs, back.busyMs);
    for (const id of held) {
      const device = devices.find((other) => other.id === id);
      let computeMs = 0;
      let bytes = 0;
      let messages = 0;
      const pack = (boundary: number): void => {
        bytes += sizeAt(boundary);
        messages++;
      };
      for (const stage of stages) {
        if (stage.device !== id) continue;
        computeMs += stageMs(room, stage.at, stage.start, stage.end);
        if (stage.start > 0 || id !== home) pack(stage.start);
        if (stage.end < count || id !== home) pack(stage.end);
      }
      if (id === home && stages[0]?.device !== home) pack(0);
      if (id === home && stages.at(-1)?.device !== home) pack(count);
      const { packMsPerByte = 0, packMsPerMessage = 0 } = device ?? {};
      periodMs = Math.max(periodMs, computeMs + bytes * packMsPerByte + messages * packMsPerMessage);
    }
    visit({ stages, latencyMs: latencyMs + back.ms, periodMs });
  };

  const extend = (start: number, latencyMs: number, transferMs: number): void => {
    if (start === count) {
      if (count > 0) finish(latencyMs, transferMs);
      return;
    }
    const before = stages.at(-1)?.at ?? devices.length;
    devices.forEach(({ id }, at) => {
      const holding = stages.filter((stage) => stage.device === id);
      const isHome = id === home;
      if (endsAtHome && start === 0 && !isHome) return;
      const tail = endsAtHome && isHome && holding.length === 1 && stages.length > 1;
      if (holding.length > 0 && !tail) return;
      const way = hop(before, at, start);
      if (way.ms === Infinity) return;
      for (let end = tail ? count : start + 1; end <= count; end++) {
        if (!holds(room, at, [...holding, { start, end }])) break;
        if (endsAtHome && end === count && !isHome) break;
        stages.push({ at, device: id, start, end });
        const ms = latencyMs + way.ms + stageMs(room, at, start, end);
        extend(end, ms, Math.max(transferMs, way.busyMs));
        stages.pop();
      }
    });
  };
  extend(0, 0, 0);
}

function stageMs({ devices }: PlanRoom, at: number, start: number, end: number): number {
  let ms = devices[at]?.perItemMs ?? 0;
  for (let block = start; block < end; block++) ms += devices[at]?.blockMs[block] ?? Infinity;
  return ms;
}

function holds(
  { blocks, devices }: PlanRoom,
  at: number,
  ranges: readonly { readonly start: number; readonly end: number }[],
): boolean {
  const device = devices[at];
  let weights = 0;
  let workspace = 0;
  for (const { start, end } of ranges) {
    for (let block = start; block < end; block++) {
      weights += blocks[block]?.weightBytes ?? 0;
      workspace = Math.max(workspace, blocks[block]?.workspaceBytes ?? 0);
      if ((blocks[block]?.largestTensorBytes ?? 0) > (device?.largestTensorBytes ?? Infinity)) return false;
    }
  }
  return weights + workspace <= (device?.memoryBytes ?? 0);
}

/** The contract's hop between two devices, or home (the index after them), found in the list of links. */
function hopsOf(
  { devices, home, links }: PlanRoom,
  sizes: readonly number[],
): (from: number, to: number, boundary: number) => Hop {
  const ids = [...devices.map(({ id }) => id), home];
  const hops = ids.map((from) =>
    ids.map((to) => {
      const there = links.filter((link) => link.from === from && link.to === to).at(-1);
      const back = links.filter((link) => link.from === to && link.to === from).at(-1);
      const way = there ?? back;
      return sizes.map((bytes) => {
        if (from === to) return { ms: 0, busyMs: 0 };
        if (!way || way.mbitPerSec === 0) return NO_WAY;
        const bits = bytes * 8;
        return {
          ms: way.delayMs + bits / (way.mbitPerSec * 1000),
          busyMs: bits / ((way.steadyMbitPerSec ?? way.mbitPerSec) * 1000),
        };
      });
    }),
  );
  return (from, to, boundary) => hops[from]?.[to]?.[boundary] ?? NO_WAY;
}
