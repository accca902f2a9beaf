import type { HomeEnds } from './home-ends.ts';
import type { Tables } from './tables.ts';

/**
 * What a search minimises. `latency`: the sum of all terms. `period`: the largest of devices' and transfers' times.
 * `stage`: the longest computing of a stage, whatever packing and transfers take. `any`: nothing; all that the limits
 * allow costs nothing.
 */
export type Aim = 'latency' | 'period' | 'stage' | 'any';

/** One layered graph: every walk from an entry over stages and hops to an exit is a plan, if no device repeats. */
export interface Terms {
  /** Whether terms are added, or the largest counts. */
  readonly adds: boolean;
  readonly count: number;
  readonly blocks: number;
  /** By device * (blocks + 1) + start: cost of the stages [start, start + 1), [start, start + 2) and so on. */
  readonly stages: readonly Float64Array[];
  /** By (boundary * count + from) * count + to. */
  readonly hops: Float64Array;
  /** By device * (blocks + 1) + boundary: from the request to the arrival there. */
  readonly entry: Float64Array;
  /** By device * (blocks + 1) + boundary: from the end of the stage before it to the result. */
  readonly exit: Float64Array;
}

export interface Limits {
  /** No device may be busy longer per item, and no transfer. */
  readonly capMs?: number;
  /** No stage may compute longer. */
  readonly stageCapMs?: number;
  /** Where terms are added: per stage, and half of it for a start away from home. Settles ties, steers. */
  readonly priceMs?: number;
}

/** Whether a walk costs the sum of its terms, not the largest. */
export function addsUp(aim: Aim): boolean {
  return aim === 'latency' || aim === 'any';
}

/** O(count² blocks + count blocks²). `ends`: where the first and the last blocks stay at home. */
export function termsOf(tables: Tables, aim: Aim, limits: Limits, ends: HomeEnds | null): Terms {
  const { count, blocks, homeDevice } = tables;
  const { capMs = Infinity, priceMs = 0 } = limits;
  const width = blocks + 1;
  const hop = hopOf(tables, aim, capMs);
  const hops = new Float64Array(width * count * count).fill(Infinity);
  for (let boundary = 1; boundary < blocks; boundary++) {
    for (let from = 0; from < count; from++) {
      for (let to = 0; to < count; to++) {
        if (from !== to) hops[(boundary * count + from) * count + to] = hop(from, to, boundary);
      }
    }
  }
  const adds = addsUp(aim);
  const entry = new Float64Array(count * width).fill(Infinity);
  const exit = new Float64Array(count * width).fill(Infinity);
  for (let device = 0; device < count; device++) {
    if (!ends) {
      entry[device * width] = hop(count, device, 0) + (adds && device !== homeDevice ? priceMs / 2 : 0);
      exit[device * width + blocks] = hop(device, count, blocks);
    } else if (device !== homeDevice) {
      for (let at = 1; at < blocks; at++) {
        const into = hop(count, device, at);
        const out = hop(device, count, at);
        entry[device * width + at] = adds ? ends.head(at) + into : Math.max(ends.head(at), into);
        exit[device * width + at] = adds ? ends.tail(at) + out : Math.max(ends.tail(at), out);
      }
    }
  }
  const none = new Float64Array(0);
  const stages = Array.from({ length: count * width }, (_, at) => {
    const device = Math.floor(at / width);
    return ends && device === homeDevice ? none : stagesFrom(tables, aim, limits, device, at % width);
  });
  return { adds, count, blocks, stages, hops, entry, exit };
}

/** Costs of all stages of a device from one start; Infinity, or left out at the end, where they take too long. */
function stagesFrom(tables: Tables, aim: Aim, limits: Limits, device: number, start: number): Float64Array {
  const { capMs = Infinity, stageCapMs = Infinity, priceMs = 0 } = limits;
  const { blocks, packInMs, packOutMs } = tables;
  const times = tables.blockMs[device] ?? new Float64Array(0);
  const perItem = tables.perItemMs[device] ?? 0;
  const row = device * (blocks + 1);
  const last = tables.latest[device]?.[start] ?? start;
  const most = Math.min(capMs, stageCapMs);
  const costs = new Float64Array(Math.max(0, last - start));
  let sum = 0;
  for (let end = start + 1; end <= last; end++) {
    sum += times[end - 1] ?? 0;
    const ms = sum + perItem;
    if (ms > most) return costs.subarray(0, end - 1 - start);
    const busy = ms + ((packInMs[row + start] ?? 0) + (packOutMs[row + end] ?? 0));
    costs[end - 1 - start] =
      busy > capMs
        ? Infinity
        : aim === 'any'
          ? 0
          : aim === 'latency'
            ? ms + priceMs
            : aim === 'period'
              ? busy
              : ms;
  }
  return costs;
}

function hopOf(
  { count, delayMs, byteMs, bytes }: Tables,
  aim: Aim,
  capMs: number,
): (from: number, to: number, boundary: number) => number {
  return (from, to, boundary) => {
    const pair = from * (count + 1) + to;
    const delay = delayMs[pair] ?? Infinity;
    const transfer = (bytes[boundary] ?? 0) * (byteMs[pair] ?? 0);
    if (delay === Infinity || transfer > capMs) return Infinity;
    if (aim === 'stage' || aim === 'any') return 0;
    return aim === 'latency' ? delay + transfer : transfer;
  };
}
