import { bestWalk, type Found } from './exact-walk.ts';
import { goodWalk } from './good-walk.ts';
import { endsOfHome, type HomeEnds } from './home-ends.ts';
import type { PlanRoom } from './room.ts';
import { type Tables, tablesOf } from './tables.ts';
import { type Aim, type Limits, type Terms, termsOf } from './terms.ts';
import { type Step, type Walk, type WalkSearch, walkSearch } from './walk-search.ts';

/** With so many devices every answer is proven, whatever the room, up to 1,000 blocks. */
export const EXACT_DEVICES = 10;
/** Tables of ten devices; 12 bytes a cell. */
const MOST_CELLS = 11_000_000;
/** Cells times blocks: above ten devices whole tables are made up to this, half a second. */
const MOST_WORK = 220_000_000;
/** Where whole tables would take more, proofs are tried with tables of some devices. */
const FEW_WORK = 30_000_000;
const QUICK_WORK = 4_000_000;
/** Rounds of prices for a bound above ten devices: 0.2 s with 32 and 200 blocks. */
const PRICE_ROUNDS = 60;
const QUICK_ROUNDS = 10;

/** A room, and what searches in it share: tables, and which devices are worth holding to one stage. */
export interface RoomSearch {
  readonly tables: Tables;
  /** Devices that must hold a stage; where its ends stay at home, home does anyway and is not among them. */
  readonly needs: readonly number[];
  readonly search: WalkSearch;
  readonly once: Set<number>;
  /** Not every answer will be proven: heuristics try harder. */
  readonly large: boolean;
  /** A good answer soon matters more than a better one: for comparisons, of which there are many. */
  readonly quick: boolean;
  readonly mostCells: number;
}

export interface PlanQuery extends Limits {
  readonly aim: Aim;
  /** Only plans that cost less. */
  readonly below?: number;
  /** More devices that must hold a stage. */
  readonly needs?: readonly number[];
  /** Only plans in which exactly so many devices hold a stage. */
  readonly holders?: number;
}

/** @throws RangeError when a device has not exactly one time, finite and at least 0, for each block. */
export function roomSearch(room: PlanRoom, { quick = false }: { readonly quick?: boolean } = {}): RoomSearch {
  const tables = tablesOf(room);
  const needs = room.devices.flatMap(({ required }, device) =>
    required && !(room.endsAtHome && device === tables.homeDevice) ? [device] : [],
  );
  const large = tables.count > EXACT_DEVICES;
  const whole = 2 ** tables.count * tables.count * (tables.blocks + 1) * tables.blocks;
  const work = quick ? QUICK_WORK : whole <= MOST_WORK ? MOST_WORK : FEW_WORK;
  const cells = large || quick ? work / Math.max(1, tables.blocks) : MOST_CELLS;
  const mostCells = Math.min(MOST_CELLS, cells);
  return { tables, needs, search: walkSearch(), once: new Set(), large, quick, mostCells };
}

/**
 * For one of many searches in a row: ties are left as they come, and where not every answer is proven anyway, less
 * effort is made.
 */
export function inPassing(known: RoomSearch): RoomSearch {
  return { ...known, quick: true, mostCells: known.large ? known.mostCells / 20 : known.mostCells };
}

/** The best plan of the room by one aim. Where its ends stay at home, its steps begin and end with home. */
export function bestPlan(known: RoomSearch, query: PlanQuery): Found {
  return known.tables.room.endsAtHome ? betweenEnds(known, query) : chain(known, query, query.holders, null);
}

/** The graph that holds all chains; where the ends stay at home, as if each of them came alone. */
export function chainTerms({ tables }: RoomSearch, aim: Aim, limits: Limits): Terms {
  const { room, blocks, homeDevice } = tables;
  const ends =
    room.endsAtHome && homeDevice >= 0 ? endsOfHome(tables, aim, limits).within([1, blocks - 2]) : null;
  return termsOf(tables, aim, limits, ends);
}

function chain(
  known: RoomSearch,
  query: PlanQuery,
  holders: number | undefined,
  ends: HomeEnds | null,
): Found {
  const { tables, search, large, quick, mostCells } = known;
  const terms = termsOf(tables, query.aim, query, ends);
  const below = query.below ?? Infinity;
  const needs = [...new Set([...known.needs, ...(query.needs ?? [])])];
  return bestWalk(terms, search, {
    below,
    needs,
    holders,
    guess: (completion) =>
      goodWalk(tables, terms, completion, { below, needs, holders, thorough: large && !quick }),
    once: large ? new Set() : known.once,
    priceRounds: large ? (quick ? QUICK_ROUNDS : PRICE_ROUNDS) : 0,
    mostCells,
  });
}

/**
 * Home holds a head and a tail. Solved first as if only the least head of a range counted; where the answer asks too
 * much of home, the range is split around its head and each part searched alone, until none does.
 */
function betweenEnds(known: RoomSearch, query: PlanQuery): Found {
  const { blocks, homeDevice } = known.tables;
  if (homeDevice < 0) return { walk: undefined, lower: Infinity };
  const ends = endsOfHome(known.tables, query.aim, query);
  let best = allAtHome(known, query);
  let below = best?.value ?? query.below ?? Infinity;
  let lower = Infinity;
  const ranges: (readonly [number, number])[] = blocks > 2 ? [[1, blocks - 2]] : [];
  for (let range = ranges.pop(); range; range = ranges.pop()) {
    const [first, last] = range;
    const holders = query.holders === undefined ? undefined : query.holders - 1;
    const found = chain(known, { ...query, below }, holders, ends.within(range));
    const head = found.walk?.steps[0]?.start;
    const tail = found.walk?.steps.at(-1)?.end;
    if (!found.walk || head === undefined || tail === undefined) {
      lower = Math.min(lower, found.lower);
      continue;
    }
    const together = query.aim === 'latency' ? 0 : ends.together(head, tail);
    const value = Math.max(found.walk.value, together);
    const allowed = ends.allows(head, tail);
    if (allowed && value < below) {
      below = value;
      best = { value, steps: withEnds(homeDevice, found.walk.steps, blocks) };
    }
    if (allowed && value <= found.walk.value) lower = Math.min(lower, found.lower);
    else
      ranges.push(
        ...[
          [first, head - 1],
          [head + 1, last],
          [head, head],
        ].flatMap(([from = 1, to = 0]) => (from <= to ? [[from, to] as const] : [])),
      );
  }
  return { walk: best, lower: Math.min(lower, best?.value ?? Infinity) };
}

function allAtHome(known: RoomSearch, query: PlanQuery): Walk | undefined {
  const { tables } = known;
  const { blocks, homeDevice } = tables;
  if (known.needs.length > 0 || (query.needs?.length ?? 0) > 0 || (query.holders ?? 1) !== 1)
    return undefined;
  const terms = termsOf(tables, query.aim, query, null);
  const row = homeDevice * (blocks + 1);
  if (terms.last[row] !== blocks || blocks === 0) return undefined;
  const value = terms.costs[(terms.place[row] ?? 0) + blocks] ?? Infinity;
  if (!(value < (query.below ?? Infinity))) return undefined;
  return { value, steps: [{ device: homeDevice, start: 0, end: blocks }] };
}

function withEnds(home: number, steps: readonly Step[], blocks: number): Step[] {
  const start = steps[0]?.start ?? 0;
  const end = steps.at(-1)?.end ?? blocks;
  return [{ device: home, start: 0, end: start }, ...steps, { device: home, start: end, end: blocks }];
}
