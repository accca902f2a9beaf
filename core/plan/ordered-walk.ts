import type { Terms } from './terms.ts';
import type { Step, Walk } from './walk-search.ts';

/**
 * The best walk that keeps the order of `devices`: recurrence (a). Any of them may be skipped but those of `must`.
 * O(n L² + n² L). Undefined when there is none.
 */
export function orderedWalk(
  terms: Terms,
  devices: readonly number[],
  must: (device: number) => boolean,
): Walk | undefined {
  const { adds, count, blocks, costs, place, last: longest, hops, entry, exit } = terms;
  const width = blocks + 1;
  const join = (a: number, b: number): number => (adds ? a + b : Math.max(a, b));
  const rows: { done: Float64Array; from: Uint16Array; sender: Int16Array }[] = [];
  let value = Infinity;
  let last: { at: number; end: number } | undefined;
  devices.forEach((device, at) => {
    const done = new Float64Array(width).fill(Infinity);
    const from = new Uint16Array(width);
    const sender = new Int16Array(width).fill(-1);
    rows.push({ done, from, sender });
    const arrived = new Float64Array(width).fill(Infinity);
    const mustBefore = devices.slice(0, at).findLastIndex(must);
    if (mustBefore < 0) arrived.set(entry.subarray(device * width, device * width + width));
    for (let before = Math.max(0, mustBefore); before < at; before++) {
      for (let boundary = 1; boundary < blocks; boundary++) {
        const hop = hops[(boundary * count + (devices[before] ?? 0)) * count + device] ?? Infinity;
        const time = join(rows[before]?.done[boundary] ?? Infinity, hop);
        if (time >= (arrived[boundary] ?? Infinity)) continue;
        arrived[boundary] = time;
        sender[boundary] = before;
      }
    }
    for (let start = 0; start < blocks; start++) {
      const before = arrived[start] ?? Infinity;
      if (before === Infinity) continue;
      const costsAt = place[device * width + start] ?? 0;
      const until = longest[device * width + start] ?? 0;
      for (let end = start + 1; end <= until; end++) {
        const time = join(before, costs[costsAt + end] ?? Infinity);
        if (time >= (done[end] ?? Infinity)) continue;
        done[end] = time;
        from[end] = start;
      }
    }
    if (devices.slice(at + 1).some(must)) return;
    done.forEach((time, end) => {
      const total = join(time, exit[device * width + end] ?? Infinity);
      if (total >= value) return;
      value = total;
      last = { at, end };
    });
  });
  if (!last) return undefined;
  const steps: Step[] = [];
  for (let { at, end } = last; at >= 0; ) {
    const row = rows[at];
    const start = row?.from[end] ?? 0;
    steps.unshift({ device: devices[at] ?? 0, start, end });
    at = row?.sender[start] ?? -1;
    end = start;
  }
  return { value, steps };
}
