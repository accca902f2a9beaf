import { type Completion, completionOf } from './completion.ts';
import { pricedBound } from './priced-bound.ts';
import { pricedWalk } from './priced-walk.ts';
import type { Terms } from './terms.ts';
import type { Walk, WalkSearch } from './walk-search.ts';

/** Walks per cell of the search that prices lead. */
const PRICED_KEEP = 4;

/** What is known of the best plan of one layered graph. */
export interface Found {
  /** The best plan found that costs less than asked for, if any. */
  readonly walk: Walk | undefined;
  /** No plan costs less than this (or than `below`). Infinity: there is no plan below. */
  readonly lower: number;
}

export interface FindOptions {
  readonly below: number;
  /** Devices that must hold a stage. */
  readonly needs: readonly number[];
  /** Exactly so many devices must hold a stage; undefined: any number. */
  readonly holders: number | undefined;
  /** A plan below `below` that a heuristic finds: nothing worse is looked at after. */
  readonly guess: (completion: Completion) => Walk | undefined;
  /** Devices that came twice before, in this room; those of this search are added. */
  readonly once: Set<number>;
  /** Rounds of prices that a bound takes first, where it is in doubt that the tables will give an answer. */
  readonly priceRounds: number;
  /** How many cells the tables may have. */
  readonly mostCells: number;
}

/**
 * The best plan: searches with few devices held to one stage each, and adds those that come twice in the answer, until
 * none does. Each answer on the way is a lower bound, so stopping early certifies a gap (decremental state-space
 * relaxation, Righini and Salani 2008).
 */
export function bestWalk(terms: Terms, search: WalkSearch, options: FindOptions): Found {
  const { below, needs, holders, once, priceRounds, mostCells } = options;
  const completion = completionOf(terms);
  let lower = completion.least;
  if (!(lower < below)) return { walk: undefined, lower: Infinity };
  let walk = options.guess(completion);
  if (priceRounds > 0 && terms.adds && holders === undefined) {
    const target = Math.min(walk?.value ?? below, 4 * lower + 1);
    const { bound, prices } = pricedBound(terms, { target, needs, rounds: priceRounds });
    walk = pricedWalk(terms, prices, PRICED_KEEP, { below: walk?.value ?? below, needs }) ?? walk;
    lower = Math.max(lower, bound);
    if (lower >= (walk?.value ?? below)) return { walk, lower: walk?.value ?? Infinity };
  }
  const most = walk?.value ?? below;
  const devices = holders === undefined ? needs : Array.from({ length: terms.count }, (_, device) => device);
  for (const device of devices) once.add(device);
  for (;;) {
    const held = [...once];
    if (2 ** held.length * terms.count * (terms.blocks + 1) > mostCells) return { walk, lower };
    const needed = needs.reduce((set, device) => set | (1 << held.indexOf(device)), 0);
    const found = search.find(terms, completion, {
      once: held,
      accept: (set) => (set & needed) === needed && (holders === undefined || sizeOf(set) === holders),
      below: most,
    });
    // Nothing is better than the guess; or there is none at all.
    if (!found) return { walk, lower: walk?.value ?? Infinity };
    lower = Math.max(lower, found.value);
    const twice = comingTwice(found);
    if (twice.length === 0) return { walk: found, lower: found.value };
    for (const device of twice) once.add(device);
  }
}

function comingTwice({ steps }: Walk): number[] {
  const devices = steps.map((step) => step.device);
  return devices.filter((device, at) => devices.indexOf(device) < at);
}

function sizeOf(set: number): number {
  let size = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) size++;
  return size;
}
