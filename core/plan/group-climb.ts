import { type Grouped, type GroupedCost, groupCosts } from './group-cost.ts';
import { endsOfHome } from './home-ends.ts';
import type { Tables } from './tables.ts';

/** How far a boundary is moved at once. */
const STRIDES = [1, 2, 4, 8, 16];

export interface GroupClimb {
  /** The best plan that small changes reach, none of which helps any more, or `steps` plans were judged; none when the start is not allowed. */
  from(start: Grouped, steps: number): (Grouped & GroupedCost) | undefined;
}

/** Local search over plans with groups of devices, or with chains only. `seen` is told every plan that is allowed, with its cost. */
export function groupClimb(
  tables: Tables,
  needs: readonly number[],
  { copies, seen }: { readonly copies: boolean; readonly seen?: (plan: Grouped & GroupedCost) => void },
): GroupClimb {
  const costOf = groupCosts(tables);
  const isAllowed = allowedIn(tables);
  const judge = (plan: Grouped): (Grouped & GroupedCost) | undefined => {
    if (!copies && plan.groups.some((group) => group.length > 1)) return undefined;
    if (!isAllowed(plan)) return undefined;
    const cost = costOf(plan);
    if (cost.latencyMs === Infinity) return undefined;
    const whole = { ...plan, ...cost };
    if (seen && missing(plan, needs) === 0) seen(whole);
    return whole;
  };
  return {
    from(start, steps) {
      let best = judge(start);
      for (let left = steps; best && left > 0; ) {
        const now = best;
        let better: (Grouped & GroupedCost) | undefined;
        for (const plan of changes(tables, now)) {
          if (--left < 0) break;
          const found = judge(plan);
          if (!found || !isBetter(found, now, needs)) continue;
          better = found;
          break;
        }
        if (!better) break;
        best = better;
      }
      return best && missing(best, needs) === 0 ? best : undefined;
    },
  };
}

/** Devices that must take part first, then the period, then what leaves room for the next change. */
function isBetter(
  plan: Grouped & GroupedCost,
  than: Grouped & GroupedCost,
  needs: readonly number[],
): boolean {
  const fewer = missing(than, needs) - missing(plan, needs);
  if (fewer !== 0) return fewer > 0;
  if (plan.periodMs < than.periodMs * (1 - 1e-9)) return true;
  return plan.periodMs <= than.periodMs && plan.strainMs < than.strainMs * (1 - 1e-9);
}

function missing({ groups }: Grouped, needs: readonly number[]): number {
  return needs.filter((device) => !groups.some((group) => group.includes(device))).length;
}

function allowedIn(tables: Tables): (plan: Grouped) => boolean {
  const { room, latest, homeDevice } = tables;
  const ends = room.endsAtHome ? endsOfHome(tables, 'latency', {}) : null;
  const isHome = (group: readonly number[] | undefined): boolean =>
    group?.length === 1 && group[0] === homeDevice;
  return (plan) => {
    if (ends && !(isHome(plan.groups[0]) && isHome(plan.groups.at(-1)))) return false;
    if (ends && plan.groups.length > 1 && !ends.allows(plan.ends[0] ?? 0, plan.ends.at(-2) ?? 0))
      return false;
    return plan.groups.every((group, at) => {
      const start = plan.ends[at - 1] ?? 0;
      const end = plan.ends[at] ?? 0;
      const fits = group.every((device) => (latest[device]?.[start] ?? start) >= end);
      return start < end && group.length > 0 && fits;
    });
  };
}

/** Plans one change away. Where its ends stay at home, home itself does not move. */
function* changes(tables: Tables, { groups, ends }: Grouped): Generator<Grouped> {
  const home = tables.room.endsAtHome ? tables.homeDevice : -1;
  const devices = Array.from({ length: tables.count }, (_, device) => device).filter(
    (device) => device !== home,
  );
  const open = groups.flatMap((group, at) => (home >= 0 && group.includes(home) ? [] : [at]));
  const holding = (device: number): number => groups.findIndex((group) => group.includes(device));

  for (let cut = 0; cut < ends.length - 1; cut++) {
    for (const stride of STRIDES) {
      for (const by of [stride, -stride]) {
        yield { groups, ends: ends.map((end, at) => (at === cut ? end + by : end)) };
      }
    }
  }
  // A device joins a group, from none or another; one that it leaves alone gives its blocks to a neighbour.
  for (const device of devices) {
    const from = holding(device);
    for (const to of open) {
      if (to !== from) yield* emptied(withMember(without(groups, device), to, device), ends);
    }
    if (from >= 0) yield* emptied(without(groups, device), ends);
  }
  for (const one of devices) {
    for (const other of devices) {
      const [a, b] = [holding(one), holding(other)];
      if (other <= one || a === b) continue;
      const swap = (device: number): number => (device === one ? other : device === other ? one : device);
      yield { groups: groups.map((group) => group.map(swap)), ends };
    }
  }
  // A device that holds nothing takes the first or the second half of a stage.
  for (const device of devices) {
    if (holding(device) >= 0) continue;
    for (const at of open) {
      const start = ends[at - 1] ?? 0;
      const middle = (start + (ends[at] ?? 0)) >> 1;
      if (middle === start) continue;
      const halves = [...ends.slice(0, at), middle, ...ends.slice(at)];
      for (const place of [at, at + 1]) yield { groups: groups.toSpliced(place, 0, [device]), ends: halves };
    }
  }
  // Two neighbours become one group.
  for (const at of open) {
    if (!open.includes(at + 1)) continue;
    const merged = [...(groups[at] ?? []), ...(groups[at + 1] ?? [])];
    const end = ends[at + 1] ?? 0;
    const able = merged.filter((device) => (tables.latest[device]?.[ends[at - 1] ?? 0] ?? 0) >= end);
    yield {
      groups: [...groups.slice(0, at), able, ...groups.slice(at + 2)],
      ends: ends.filter((_, cut) => cut !== at),
    };
  }
}

function without(groups: Grouped['groups'], device: number): Grouped['groups'] {
  return groups.map((group) => (group.includes(device) ? group.filter((other) => other !== device) : group));
}

function withMember(groups: Grouped['groups'], to: number, device: number): Grouped['groups'] {
  return groups.map((group, at) => (at === to ? [...group, device] : group));
}

/** The blocks of a group without devices go to the group before it, or to the one after. */
function* emptied(groups: Grouped['groups'], ends: readonly number[]): Generator<Grouped> {
  const empty = groups.findIndex((group) => group.length === 0);
  if (empty < 0) {
    yield { groups, ends };
    return;
  }
  const left = groups.filter((_, at) => at !== empty);
  if (empty > 0) yield { groups: left, ends: ends.filter((_, at) => at !== empty - 1) };
  if (empty < groups.length - 1) yield { groups: left, ends: ends.filter((_, at) => at !== empty) };
}
