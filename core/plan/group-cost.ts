import type { PlannedStage } from './room.ts';
import { type Load, sharesOf } from './shares.ts';
import { packingMs, type Tables } from './tables.ts';

/** A plan whose stages may be held by groups of devices, by the positions of these. */
export interface Grouped {
  readonly groups: readonly (readonly number[])[];
  /** Where each stage ends; the last is the number of blocks. */
  readonly ends: readonly number[];
}

export interface GroupedCost {
  readonly latencyMs: number;
  readonly periodMs: number;
  /** How far all devices are from idle: less of it at the same period leaves room for the next step of a search. */
  readonly strainMs: number;
}

/** What {@link estimate} says of a grouped plan, from the tables: a few microseconds. Limits are not looked at. */
export function groupCosts(tables: Tables): (plan: Grouped) => GroupedCost {
  const { count, blocks, homeDevice, packInMs, packOutMs, delayMs, byteMs, steadyByteMs, bytes } = tables;
  const width = blocks + 1;
  const sums = tables.blockMs.map((times) => {
    const sum = new Float64Array(width);
    times.forEach((ms, block) => {
      sum[block + 1] = (sum[block] ?? 0) + ms;
    });
    return sum;
  });
  const endsAtHome = tables.room.endsAtHome === true;
  const busy = new Float64Array(count);

  const workMs = (device: number, start: number, end: number): number => {
    const sum = sums[device] ?? busy;
    return (sum[end] ?? 0) - (sum[start] ?? 0) + (tables.perItemMs[device] ?? 0);
  };

  /** Home is busy with items that others of its group take, too: it sends and receives them. */
  const loadOf = (group: readonly number[], device: number, start: number, end: number): Load => {
    const row = device * width;
    const ownMs = workMs(device, start, end) + ((packInMs[row + start] ?? 0) + (packOutMs[row + end] ?? 0));
    if (device !== homeDevice || endsAtHome) return { baseMs: 0, slopeMs: ownMs };
    const home = tables.room.devices[device] ?? {};
    const sends = packingMs(home, bytes[0] ?? 0);
    const receives = packingMs(home, bytes[blocks] ?? 0);
    const shared = group.length > 1;
    const always = (start > 0 ? sends : 0) + (end < blocks ? receives : 0);
    const forOthers = shared ? (start === 0 ? sends : 0) + (end === blocks ? receives : 0) : 0;
    return { baseMs: always + forOthers, slopeMs: ownMs - always - forOthers };
  };

  return ({ groups, ends }) => {
    busy.fill(0);
    let latencyMs = 0;
    let periodMs = 0;
    let start = 0;
    let from: readonly number[] = [count];
    let fromShares: readonly number[] = [1];
    const hop = (to: readonly number[], toShares: readonly number[], boundary: number): void => {
      from.forEach((sender, s) => {
        to.forEach((receiver, r) => {
          const share = (fromShares[s] ?? 0) * (toShares[r] ?? 0);
          const same = sender === receiver || (sender === count && receiver === homeDevice);
          if (same || share === 0 || (receiver === count && sender === homeDevice)) return;
          const pair = sender * (count + 1) + receiver;
          const size = bytes[boundary] ?? 0;
          periodMs = Math.max(periodMs, share * size * (steadyByteMs[pair] ?? 0));
          latencyMs += share * ((delayMs[pair] ?? Infinity) + size * (byteMs[pair] ?? 0));
        });
      });
    };
    groups.forEach((group, at) => {
      const end = ends[at] ?? blocks;
      const loads = group.map((device) => loadOf(group, device, start, end));
      const shares = sharesOf(loads);
      hop(group, shares, start);
      group.forEach((device, member) => {
        const share = shares[member] ?? 0;
        const { baseMs, slopeMs } = loads[member] ?? { baseMs: 0, slopeMs: 0 };
        busy[device] = (busy[device] ?? 0) + baseMs + share * slopeMs;
        latencyMs += share * workMs(device, start, end);
      });
      from = group;
      fromShares = shares;
      start = end;
    });
    hop([count], [1], blocks);
    let strain = 0;
    for (const ms of busy) {
      periodMs = Math.max(periodMs, ms);
      strain += ms ** 4;
    }
    return { latencyMs, periodMs: latencyMs === Infinity ? Infinity : periodMs, strainMs: strain };
  };
}

/** Stages as the room names them: of a group the device that takes most items first. */
export function groupedStages(tables: Tables, { groups, ends }: Grouped): PlannedStage[] {
  const name = (device: number): string => tables.room.devices[device]?.id ?? '';
  return groups.map((group, at) => {
    const start = ends[at - 1] ?? 0;
    const end = ends[at] ?? 0;
    const ms = (device: number): number =>
      tables.blockMs[device]?.subarray(start, end).reduce((sum, each) => sum + each, 0) ?? Infinity;
    const [first = -1, ...others] = group.toSorted((a, b) => ms(a) - ms(b) || a - b);
    const stage = { device: name(first), start, end };
    return others.length > 0 ? { ...stage, copies: others.map(name) } : stage;
  });
}
