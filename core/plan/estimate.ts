import { linkLookup, msPerByte, steadyMsPerByte } from './links.ts';
import type { PlannedStage, PlanRoom } from './room.ts';
import { type Load, sharesOf } from './shares.ts';

/** What a plan costs, part by part; times in ms. Infinity where two devices in a row cannot talk. */
export interface PlanEstimate {
  /** One item from home through all stages and back: all of `stageMs` and `hopMs`. */
  readonly latencyMs: number;
  /** Between results when many items are in flight: the busiest device or transfer. Delay does not count. */
  readonly periodMs: number;
  /** Computing per stage; where several devices hold it, the mean over the items. */
  readonly stageMs: readonly number[];
  /** Into each stage, then home: stages + 1 numbers, 0 on the same device; the mean over the items. */
  readonly hopMs: readonly number[];
  /** Per stage, in the order of {@link holdersOf}: the part of all items that the device takes. */
  readonly shares: readonly (readonly number[])[];
}

/** The devices that hold a stage. */
export function holdersOf({ device, copies = [] }: PlannedStage): readonly string[] {
  return [device, ...copies];
}

/** Costs by the file contract of the planner, without any of the solver's tables. */
export function estimate(room: PlanRoom, stages: readonly PlannedStage[]): PlanEstimate {
  const link = linkLookup(room.links);
  const devices = new Map(room.devices.map((device) => [device.id, device]));
  const groups = stages.map(holdersOf);
  const sizes = [
    room.inputBytes,
    ...stages.map((stage) => room.blocks[stage.end - 1]?.outputBytes ?? Infinity),
  ];
  const workMs = stages.map(({ start, end }, at) =>
    (groups[at] ?? []).map((id) => {
      const device = devices.get(id);
      return device ? sum(device.blockMs.slice(start, end)) + (device.perItemMs ?? 0) : Infinity;
    }),
  );
  const loads = groups.map((group, at) =>
    group.map((id, member) => {
      const { packMsPerByte = 0, packMsPerMessage = 0 } = devices.get(id) ?? {};
      const packMs = (bytes: number): number => packMsPerMessage + packMsPerByte * bytes;
      return loadOf(room.home, groups, sizes, at, id, workMs[at]?.[member] ?? Infinity, packMs);
    }),
  );
  const shares = loads.map(sharesOf);
  const busy = new Map<string, number>();
  groups.forEach((group, at) => {
    group.forEach((id, member) => {
      const load = loads[at]?.[member];
      const share = shares[at]?.[member] ?? 0;
      if (load) busy.set(id, (busy.get(id) ?? 0) + (load.baseMs + times(share, load.slopeMs)));
    });
  });

  const route = [[room.home], ...groups, [room.home]];
  const parts = [[1], ...shares, [1]];
  let periodMs = Math.max(0, ...busy.values());
  const hopMs = sizes.map((bytes, at) => {
    let mean = 0;
    route[at]?.forEach((from, sender) => {
      route[at + 1]?.forEach((to, receiver) => {
        const share = (parts[at]?.[sender] ?? 0) * (parts[at + 1]?.[receiver] ?? 0);
        if (from === to || share === 0) return;
        const way = link(from, to);
        periodMs = Math.max(periodMs, way ? share * bytes * steadyMsPerByte(way) : Infinity);
        mean += way ? share * (way.delayMs + bytes * msPerByte(way)) : Infinity;
      });
    });
    return mean;
  });
  const stageMs = workMs.map((group, at) =>
    sum(group.map((ms, member) => times(shares[at]?.[member] ?? 0, ms))),
  );
  return { latencyMs: sum(stageMs) + sum(hopMs), periodMs, stageMs, hopMs, shares };
}

/** What a device must hold to run blocks [start, end): all weights, and the largest workspace. */
export function stageBytes(room: PlanRoom, start: number, end: number): number {
  const blocks = room.blocks.slice(start, end);
  const workspace = Math.max(0, ...blocks.map((block) => block.workspaceBytes));
  return sum(blocks.map((block) => block.weightBytes)) + workspace;
}

/**
 * Computing, and packing what arrives from another device or leaves for one. Home, if it holds a stage, also packs the
 * input of each item that begins elsewhere and the result of each that ends elsewhere.
 */
function loadOf(
  home: string,
  groups: readonly (readonly string[])[],
  sizes: readonly number[],
  at: number,
  id: string,
  workMs: number,
  packMs: (bytes: number) => number,
): Load {
  const last = groups.length - 1;
  const arriving = at === 0 && id === home ? 0 : packMs(sizes[at] ?? 0);
  const leaving = at === last && id === home ? 0 : packMs(sizes[at + 1] ?? 0);
  const ownMs = workMs + arriving + leaving;
  if (id !== home) return { baseMs: 0, slopeMs: ownMs };
  let forOthers = 0;
  let notForOwn = 0;
  for (const [end, bytes] of [
    [0, sizes[0] ?? 0],
    [last, sizes[last + 1] ?? 0],
  ] as const) {
    const group = groups[end] ?? [];
    if (!group.includes(home)) forOthers += packMs(bytes);
    else if (end === at && group.length > 1) {
      forOthers += packMs(bytes);
      notForOwn += packMs(bytes);
    }
  }
  return { baseMs: forOthers, slopeMs: ownMs - notForOwn };
}

/** A share of none is nothing, also of an infinite time. */
function times(share: number, ms: number): number {
  return share === 0 ? 0 : share * ms;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
