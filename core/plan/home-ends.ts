import { Holding, type Tables } from './tables.ts';
import { type Aim, addsUp, type Limits } from './terms.ts';

/** What home's own ends cost in one layered graph, each by itself; Infinity where they are not possible. */
export interface HomeEnds {
  /** Home does blocks [0, end) first. */
  head(end: number): number;
  /** Home does all blocks from `start` last. */
  tail(start: number): number;
}

/** Head and tail on home share its memory and its time: what they cost apart, and what both ask for together. */
export interface EndsOfHome {
  /** As if of all heads that end in [first, last] only the least counted; exact where there is but one. */
  within(range: readonly [first: number, last: number]): HomeEnds;
  /** Whether a head and a tail fit together. */
  allows(head: number, tail: number): boolean;
  /** What both cost together where the largest term counts. */
  together(head: number, tail: number): number;
}

export function endsOfHome(tables: Tables, aim: Aim, limits: Limits): EndsOfHome {
  const { capMs = Infinity, priceMs = 0 } = limits;
  const { blocks, homeDevice, packInMs, packOutMs } = tables;
  const row = homeDevice * (blocks + 1);
  const inner = Array.from({ length: blocks + 1 }, (_, at) => at > 0 && at < blocks);
  const headMs = inner.map((is, end) => (is ? workMs(tables, 0, end) : Infinity));
  const tailMs = inner.map((is, start) => (is ? workMs(tables, start, blocks) : Infinity));
  const headBusyMs = headMs.map((ms, end) => ms + (packOutMs[row + end] ?? 0));
  const tailBusyMs = tailMs.map((ms, start) => ms + (packInMs[row + start] ?? 0));
  const tailFrom = inner.map((is, head) => (is ? firstTail(tables, head) : blocks));
  const adds = addsUp(aim);
  const part = aim === 'any' ? 0 : 1;
  const of = (costs: readonly number[], at: number): number => costs[at] ?? Infinity;

  return {
    within([first, last]) {
      const leastBusyMs = Math.min(...headBusyMs.slice(first, last + 1));
      return {
        head(end) {
          const possible = end >= first && end <= last && of(tailFrom, end) < blocks;
          if (!possible || of(headBusyMs, end) > capMs) return Infinity;
          return adds ? part * of(headMs, end) + 2 * priceMs : of(headBusyMs, end);
        },
        tail(start) {
          const possible = start > first && start >= of(tailFrom, first);
          const fits = leastBusyMs + of(tailBusyMs, start) <= capMs;
          if (!possible || !fits) return Infinity;
          return adds ? part * of(tailMs, start) : leastBusyMs + of(tailBusyMs, start);
        },
      };
    },
    allows(head, tail) {
      const busyMs = of(headBusyMs, head) + of(tailBusyMs, tail);
      return busyMs <= capMs && tail >= of(tailFrom, head);
    },
    together: (head, tail) => of(headBusyMs, head) + of(tailBusyMs, tail),
  };
}

function workMs({ blockMs, homeDevice, perItemMs }: Tables, start: number, end: number): number {
  const times = blockMs[homeDevice]?.subarray(start, end);
  return (times?.reduce((total, ms) => total + ms, 0) ?? Infinity) + (perItemMs[homeDevice] ?? 0);
}

/** The first block that a tail may begin with when the head ends at `head`; blocks when none fits. */
function firstTail({ room, blocks, homeDevice }: Tables, head: number): number {
  const home = room.devices[homeDevice];
  if (!home) return blocks;
  const held = new Holding(home);
  if (!room.blocks.slice(0, head).every((block) => held.takes(block))) return blocks;
  let start = blocks;
  for (let block = room.blocks[start - 1]; block && start > head && held.takes(block); ) {
    start--;
    block = room.blocks[start - 1];
  }
  return start;
}
