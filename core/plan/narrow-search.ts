import type { Completion } from './completion.ts';
import type { Terms } from './terms.ts';
import type { Step, Walk } from './walk-search.ts';

/**
 * A good plan, fast: the recurrence over boundaries and devices that keeps, in each cell, the `keep` least walks with
 * different sets of devices, and never lets a device come twice. A plan, or none although there is one: a heuristic.
 * O(keep (count blocks² + count² blocks)).
 */
export function narrowSearch(
  terms: Terms,
  completion: Completion,
  keep: number,
  options: { readonly below: number; readonly needs: readonly number[] },
): Walk | undefined {
  const { adds, count, blocks, costs, place, last, hops, entry, exit } = terms;
  const width = blocks + 1;
  const words = Math.ceil(count / 32);
  const cells = count * width * keep;
  const doneMs = new Float64Array(cells).fill(Infinity);
  const doneFrom = new Int32Array(cells).fill(-1);
  const arrivedMs = new Float64Array(cells).fill(Infinity);
  const arrivedFrom = new Int32Array(cells).fill(-1);
  /** Per arrived cell: the devices that hold a stage before. */
  const before = new Int32Array(cells * words);
  const set = new Int32Array(words);
  let below = options.below;
  /** The last stage of the best plan, and the arrival before it. */
  let best: { readonly device: number; readonly end: number; readonly arrival: number } | undefined;

  /** The set of devices of a done cell: that of its arrival, and its own device. */
  const readSet = (cell: number): void => {
    const device = Math.floor(cell / (width * keep));
    const from = doneFrom[cell] ?? 0;
    for (let word = 0; word < words; word++) set[word] = before[from * words + word] ?? 0;
    set[device >> 5] = (set[device >> 5] ?? 0) | (1 << (device & 31));
  };
  const sameSet = (arrival: number, other: number): boolean => {
    for (let word = 0; word < words; word++) {
      if (before[arrival * words + word] !== before[other * words + word]) return false;
    }
    return true;
  };
  const arrivalHasSet = (arrival: number): boolean => {
    for (let word = 0; word < words; word++) {
      if (before[arrival * words + word] !== set[word]) return false;
    }
    return true;
  };

  const arrive = (device: number, boundary: number, ms: number, from: number): void => {
    const row = (device * width + boundary) * keep;
    let slot = -1;
    let worst = ms;
    for (let at = row; at < row + keep; at++) {
      const there = arrivedMs[at] ?? Infinity;
      if (there < Infinity && arrivalHasSet(at)) {
        slot = ms < there ? at : -1;
        break;
      }
      if (there > worst) {
        worst = there;
        slot = at;
      }
    }
    if (slot < 0) return;
    arrivedMs[slot] = ms;
    arrivedFrom[slot] = from;
    for (let word = 0; word < words; word++) before[slot * words + word] = set[word] ?? 0;
  };

  const finish = (row: number, ms: number, arrival: number): number => {
    let slot = -1;
    let worst = ms;
    for (let at = row; at < row + keep; at++) {
      const there = doneMs[at] ?? Infinity;
      if (there < Infinity && sameSet(doneFrom[at] ?? 0, arrival)) {
        slot = ms < there ? at : -1;
        break;
      }
      if (there > worst) {
        worst = there;
        slot = at;
      }
    }
    if (slot < 0) return -1;
    doneMs[slot] = ms;
    doneFrom[slot] = arrival;
    return slot;
  };

  const isWhole = (cell: number): boolean => {
    readSet(cell);
    return options.needs.every((device) => ((set[device >> 5] ?? 0) & (1 << (device & 31))) !== 0);
  };

  for (let boundary = 0; boundary < blocks; boundary++) {
    set.fill(0);
    for (let to = 0; to < count; to++) {
      const ms = entry[to * width + boundary] ?? Infinity;
      if (ms < Infinity) arrive(to, boundary, ms, -1);
    }
    for (let from = 0; from < count; from++) {
      const row = (from * width + boundary) * keep;
      for (let cell = row; cell < row + keep; cell++) {
        const time = doneMs[cell] ?? Infinity;
        if (time === Infinity) continue;
        readSet(cell);
        for (let to = 0; to < count; to++) {
          if (((set[to >> 5] ?? 0) & (1 << (to & 31))) !== 0) continue;
          const hop = hops[(boundary * count + from) * count + to] ?? Infinity;
          const ms = adds ? time + hop : Math.max(time, hop);
          const rest = completion.arrived[to * width + boundary] ?? Infinity;
          if ((adds ? ms + rest : Math.max(ms, rest)) < below) arrive(to, boundary, ms, cell);
        }
      }
    }
    for (let device = 0; device < count; device++) {
      const costsAt = place[device * width + boundary] ?? 0;
      const until = last[device * width + boundary] ?? 0;
      const row = (device * width + boundary) * keep;
      for (let arrival = row; arrival < row + keep; arrival++) {
        const at = arrivedMs[arrival] ?? Infinity;
        if (at === Infinity) continue;
        for (let end = boundary + 1; end <= until; end++) {
          const stage = costs[costsAt + end] ?? Infinity;
          const ms = adds ? at + stage : Math.max(at, stage);
          const rest = completion.done[device * width + end] ?? Infinity;
          if (!((adds ? ms + rest : Math.max(ms, rest)) < below)) continue;
          const cell = finish((device * width + end) * keep, ms, arrival);
          const out = exit[device * width + end] ?? Infinity;
          const total = adds ? ms + out : Math.max(ms, out);
          if (cell < 0 || !(total < below) || !isWhole(cell)) continue;
          below = total;
          best = { device, end, arrival };
        }
      }
    }
  }
  if (!best) return undefined;

  const steps: Step[] = [];
  for (let { device, end, arrival } = best; ; ) {
    const start = Math.floor(arrival / keep) % width;
    steps.unshift({ device, start, end });
    const cell = arrivedFrom[arrival] ?? -1;
    if (cell < 0) return { value: below, steps };
    device = Math.floor(cell / keep / width);
    end = start;
    arrival = doneFrom[cell] ?? 0;
  }
}
