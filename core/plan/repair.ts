import { holdersOf } from './estimate.ts';
import type { PlannedStage, PlanRoom } from './room.ts';

/** A stage that has a holder still, and from where to where its blocks may reach now. */
interface Survivor {
  readonly holders: readonly string[];
  readonly start: number;
  readonly end: number;
}

/**
 * The stages of a plan after some of its devices have left the room: the others keep what they hold, and take what lay
 * between them, split where `aimMs` is least (null: not allowed). Nothing else moves, so it works again the soonest; it
 * need not be the best plan of the room. Null where nobody is left, or what is left cannot hold all.
 */
export function repair(
  room: PlanRoom,
  broken: readonly PlannedStage[],
  aimMs: (stages: readonly PlannedStage[]) => number | null,
): readonly PlannedStage[] | null {
  const here = new Set(room.devices.map(({ id }) => id));
  const left = broken.flatMap((stage): Survivor[] => {
    const holders = holdersOf(stage).filter((id) => here.has(id));
    return holders.length > 0 ? [{ holders, start: stage.start, end: stage.end }] : [];
  });
  if (left.length === 0) return null;
  /** Between each two that are left: where the first ends and the second begins. */
  const borders = left.slice(1).map(({ start }) => start);
  const count = room.blocks.length;
  for (const [at, start] of borders.entries()) {
    let [best, bestMs] = [start, Number.POSITIVE_INFINITY];
    for (let border = left[at]?.end ?? start; border <= start; border++) {
      borders[at] = border;
      const ms = aimMs(stagesOf(left, borders, count)) ?? Number.POSITIVE_INFINITY;
      if (ms < bestMs) [best, bestMs] = [border, ms];
    }
    borders[at] = best;
  }
  const stages = stagesOf(left, borders, count);
  return aimMs(stages) === null ? null : stages;
}

function stagesOf(left: readonly Survivor[], borders: readonly number[], count: number): PlannedStage[] {
  const stages: PlannedStage[] = [];
  for (const [at, { holders }] of left.entries()) {
    const [device = '', ...copies] = holders;
    const before = stages.at(-1);
    const [start, end] = [borders[at - 1] ?? 0, borders[at] ?? count];
    // A head and a tail that meet are one.
    if (before?.device === device && holders.length === 1) stages[stages.length - 1] = { ...before, end };
    else stages.push({ device, start, end, ...(copies.length > 0 && { copies }) });
  }
  return stages;
}
