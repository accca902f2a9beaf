/** What a device of a group is busy per item of the room, when a share w of the items is its own: `base + slope * w`. */
export interface Load {
  /** What it does for items that others of the group take: home sends and receives them. */
  readonly baseMs: number;
  readonly slopeMs: number;
}

/**
 * How a group of devices that hold the same blocks shares the items, so that all are busy equally long: by 1 / time
 * where no device has other work. A device whose other work alone would keep it busier than the rest takes none.
 */
export function sharesOf(loads: readonly Load[]): readonly number[] {
  if (loads.length === 1) return [1];
  // One that costs nothing, or less than what giving its items away costs it, takes all.
  const free = loads.map(({ slopeMs }) => slopeMs <= 0);
  const takers = free.filter(Boolean).length;
  if (takers > 0) return free.map((is) => (is ? 1 / takers : 0));
  const level = levelOf(loads);
  return loads.map(({ baseMs, slopeMs }) =>
    level === Infinity ? 1 / loads.length : Math.max(0, level - baseMs) / slopeMs,
  );
}

/** The time that all takers are busy, as water finds its level: those that stand above it take none. */
function levelOf(loads: readonly Load[]): number {
  let taking = loads;
  for (;;) {
    const base = taking.reduce((total, { baseMs, slopeMs }) => total + baseMs / slopeMs, 0);
    const level = (1 + base) / taking.reduce((total, { slopeMs }) => total + 1 / slopeMs, 0);
    const under = taking.filter(({ baseMs }) => baseMs < level);
    if (under.length === taking.length || under.length === 0) return level;
    taking = under;
  }
}
