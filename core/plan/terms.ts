import type { HomeEnds } from './home-ends.ts';
import type { Tables } from './tables.ts';

/**
 * What a search minimises. `latency`: the sum of all terms. `period`: the largest of devices' and transfers' times.
 * `any`: nothing; all that the limits allow costs nothing.
 */
export type Aim = 'latency' | 'period' | 'any';

/** One layered graph: every walk from an entry over stages and hops to an exit is a plan, if no device repeats. */
export interface Terms {
  /** Whether terms are added, or the largest counts. */
  readonly adds: boolean;
  readonly count: number;
  readonly blocks: number;
  /** Costs of stages: that of [start, end) on a device is at `place[device * (blocks + 1) + start] + end`. */
  readonly costs: Float64Array;
  readonly place: Int32Array;
  /** By device * (blocks + 1) + start: the largest end; start when no stage is possible. */
  readonly last: Uint16Array;
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
  const stages = stageCosts(tables, aim, limits, ends ? homeDevice : -1);
  return { adds, count, blocks, ...stages, hops, entry, exit };
}

/** Infinity, or left out at the end, where a stage would take too long. */
function stageCosts(
  tables: Tables,
  aim: Aim,
  { capMs = Infinity, priceMs = 0 }: Limits,
  idle: number,
): Pick<Terms, 'costs' | 'place' | 'last'> {
  const { count, blocks, latest, packInMs, packOutMs } = tables;
  const width = blocks + 1;
  const place = new Int32Array(count * width);
  const last = new Uint16Array(count * width);
  let size = 0;
  for (let row = 0; row < place.length; row++) {
    const start = row % width;
    place[row] = size - start - 1;
    size += (latest[Math.floor(row / width)]?.[start] ?? start) - start;
  }
  const costs = new Float64Array(size);
  for (let row = 0; row < place.length; row++) {
    const device = Math.floor(row / width);
    const start = row % width;
    const times = tables.blockMs[device] ?? costs;
    const perItem = tables.perItemMs[device] ?? 0;
    const fits = device === idle ? start : (latest[device]?.[start] ?? start);
    const at = place[row] ?? 0;
    let sum = 0;
    let end = start;
    while (end < fits) {
      sum += times[end] ?? 0;
      const ms = sum + perItem;
      if (ms > capMs) break;
      end++;
      const busy = ms + ((packInMs[row] ?? 0) + (packOutMs[device * width + end] ?? 0));
      if (busy > capMs) costs[at + end] = Infinity;
      else if (aim !== 'any') costs[at + end] = aim === 'latency' ? ms + priceMs : busy;
    }
    last[row] = end;
  }
  return { costs, place, last };
}

function hopOf(
  { count, delayMs, byteMs, steadyByteMs, bytes }: Tables,
  aim: Aim,
  capMs: number,
): (from: number, to: number, boundary: number) => number {
  return (from, to, boundary) => {
    const pair = from * (count + 1) + to;
    const delay = delayMs[pair] ?? Infinity;
    const size = bytes[boundary] ?? 0;
    const busy = size * (steadyByteMs[pair] ?? 0);
    if (delay === Infinity || busy > capMs) return Infinity;
    if (aim === 'any') return 0;
    return aim === 'latency' ? delay + size * (byteMs[pair] ?? 0) : busy;
  };
}
