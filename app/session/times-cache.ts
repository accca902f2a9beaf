import type { MeasuredParts, TimesCache } from '../../core/runtime/part-timer.ts';

const SLOT = 'potluck:times';
/** Models whose times are kept; some 300 bytes each. */
const MOST = 32;
/** Another battery, another driver, another browser: a week later it is measured anew. */
const KEPT_FOR_MS = 7 * 24 * 3600 * 1000;

type Entry = readonly [key: string, at: number, measured: MeasuredParts];

/** What this device measured of models, newest first. Damaged or foreign storage counts as none. */
export const timesCache: TimesCache = {
  get: (key) => entries().find(([kept]) => kept === key)?.[2] ?? null,
  put: (key, measured) => {
    const others = entries().filter(([kept]) => kept !== key);
    const all: readonly Entry[] = [[key, Date.now(), measured], ...others];
    try {
      localStorage.setItem(SLOT, JSON.stringify(all.slice(0, MOST)));
    } catch {
      // A full or forbidden storage costs only a measurement on the next visit.
    }
  },
};

function entries(): Entry[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(SLOT) ?? '[]');
    return Array.isArray(found) ? found.filter(isEntry) : [];
  } catch {
    return [];
  }
}

function isEntry(entry: unknown): entry is Entry {
  if (!Array.isArray(entry) || typeof entry[0] !== 'string' || typeof entry[1] !== 'number') return false;
  const age = Date.now() - entry[1];
  const measured = entry[2] as Partial<MeasuredParts> | null;
  const isTime = (ms: unknown): boolean => ms === null || (typeof ms === 'number' && ms >= 0);
  return (
    age >= 0 &&
    age < KEPT_FOR_MS &&
    Array.isArray(measured?.ms) &&
    measured.ms.every(isTime) &&
    typeof measured.perItemMs === 'number' &&
    typeof measured.spread?.low === 'number' &&
    typeof measured.spread.high === 'number'
  );
}
