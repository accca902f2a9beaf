import type { Completion } from './completion.ts';
import type { Terms } from './terms.ts';

/** A stage by the position of its device. */
export interface Step {
  readonly device: number;
  readonly start: number;
  readonly end: number;
}

export interface Walk {
  readonly value: number;
  readonly steps: readonly Step[];
}

export interface WalkQuery {
  /** Devices that may hold one stage at most; the others may come again (though not twice in a row). */
  readonly once: readonly number[];
  /** Only sets of `once` devices (bit masks over its positions) for which this holds are plans. */
  readonly accept: (set: number) => boolean;
  /** Only walks that cost less. */
  readonly below: number;
}

/** Recurrence (b) over subsets of some devices; keeps its tables for the next query of the same room. */
export interface WalkSearch {
  /** The best walk of a query, or none. O(2^once (count blocks² + count² blocks)) at worst. */
  find(terms: Terms, completion: Completion, query: WalkQuery): Walk | undefined;
}

/**
 * The least walk over stages and hops where the devices of `once` come at most once: recurrence (b) of PipeEdge's kind
 * (arXiv 2110.14895) with the sets kept only for these (state-space relaxation, Christofides, Mingozzi and Toth 1981).
 * With all devices in `once` it is exact; with fewer, a lower bound. What cannot lead below the best known is dropped.
 *
 * Tables: one cell for each set S, device v and boundary j: blocks [0, j) are done by a walk over S, v last.
 */
export function walkSearch(): WalkSearch {
  let done = new Float64Array(0);
  let starts = new Uint16Array(0);
  let senders = new Int16Array(0);

  return {
    find(terms, completion, { once, accept, below }) {
      const { adds, count, blocks, costs, place, last, hops, entry, exit } = terms;
      const width = blocks + 1;
      const sets = 2 ** once.length;
      const size = sets * count * width;
      if (done.length < size) {
        done = new Float64Array(size);
        starts = new Uint16Array(size);
        senders = new Int16Array(size);
      }
      done.fill(Infinity, 0, size);
      const bits = new Int32Array(count);
      once.forEach((device, position) => {
        bits[device] = 1 << position;
      });
      /** Per set: the first boundary at which anything is done; blocks when nothing is. */
      const first = new Uint16Array(sets).fill(blocks);
      first[0] = 0;
      const arrived = new Float64Array(count);
      const sender = new Int16Array(count);
      let best = below;
      let bestCell = -1;
      let bestSet = 0;

      for (let set = 0; set < sets; set++) {
        for (let boundary = first[set] ?? blocks; boundary < blocks; boundary++) {
          arrived.fill(Infinity);
          if (set === 0) {
            for (let to = 0; to < count; to++) {
              arrived[to] = entry[to * width + boundary] ?? Infinity;
              sender[to] = -1;
            }
          }
          for (let from = 0; from < count; from++) {
            const before = done[(set * count + from) * width + boundary] ?? Infinity;
            if (before === Infinity) continue;
            const row = (boundary * count + from) * count;
            for (let to = 0; to < count; to++) {
              const hop = hops[row + to] ?? Infinity;
              const time = adds ? before + hop : Math.max(before, hop);
              if (time < (arrived[to] ?? Infinity)) {
                arrived[to] = time;
                sender[to] = from;
              }
            }
          }
          for (let device = 0; device < count; device++) {
            const bit = bits[device] ?? 0;
            if ((set & bit) !== 0) continue;
            const at = arrived[device] ?? Infinity;
            const onward = completion.arrived[device * width + boundary] ?? Infinity;
            if (!((adds ? at + onward : Math.max(at, onward)) < best)) continue;
            const next = set | bit;
            const plan = accept(next);
            const costsAt = place[device * width + boundary] ?? 0;
            const until = last[device * width + boundary] ?? 0;
            const row = (next * count + device) * width;
            let reached = false;
            for (let end = boundary + 1; end <= until; end++) {
              const stage = costs[costsAt + end] ?? Infinity;
              const time = adds ? at + stage : Math.max(at, stage);
              if (!(time < (done[row + end] ?? Infinity))) continue;
              const rest = completion.done[device * width + end] ?? Infinity;
              if (!((adds ? time + rest : Math.max(time, rest)) < best)) continue;
              done[row + end] = time;
              starts[row + end] = boundary;
              senders[row + end] = sender[device] ?? -1;
              if (!reached) {
                reached = true;
                if (end < (first[next] ?? blocks)) first[next] = end;
              }
              if (!plan) continue;
              const out = exit[device * width + end] ?? Infinity;
              const total = adds ? time + out : Math.max(time, out);
              if (total < best) {
                best = total;
                bestCell = row + end;
                bestSet = next;
              }
            }
          }
        }
      }
      if (bestCell < 0) return undefined;

      const steps: Step[] = [];
      let set = bestSet;
      for (let cell = bestCell; cell >= 0; ) {
        const end = cell % width;
        const device = Math.floor(cell / width) % count;
        const start = starts[cell] ?? 0;
        steps.unshift({ device, start, end });
        const from = senders[cell] ?? -1;
        set &= ~(bits[device] ?? 0);
        cell = from < 0 ? -1 : (set * count + from) * width + start;
      }
      return { value: best, steps };
    },
  };
}
