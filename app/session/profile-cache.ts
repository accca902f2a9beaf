import type { DeviceProfile } from '../../core/session/state.ts';

/** A device measured yesterday may run on another driver or another battery today. */
const KEPT_FOR_MS = 24 * 3600 * 1000;
const SLOT = 'potluck:profile';

/** What measuring told. Limits are not kept: they follow from the address and from how earlier visits ended. */
export type Measured = Omit<DeviceProfile, 'memoryBytes' | 'largestTensorBytes'>;

interface Kept {
  readonly key: string;
  readonly at: number;
  readonly profile: Measured;
}

/**
 * The profile kept under a key that names all it depends on, unless it is a day old.
 * Damaged or foreign storage counts as none.
 */
export function keptProfile(key: string, now: number): Measured | null {
  try {
    const kept = JSON.parse(localStorage.getItem(SLOT) ?? 'null') as Partial<Kept> | null;
    if (kept?.key !== key || typeof kept.at !== 'number' || !kept.profile) return null;
    return now >= kept.at && now - kept.at < KEPT_FOR_MS ? kept.profile : null;
  } catch {
    return null;
  }
}

/** Keeps one profile, the newest. */
export function keepProfile(key: string, now: number, profile: Measured): void {
  const kept: Kept = { key, at: now, profile };
  try {
    localStorage.setItem(SLOT, JSON.stringify(kept));
  } catch {
    // A full or forbidden storage costs only a measurement on the next visit.
  }
}
