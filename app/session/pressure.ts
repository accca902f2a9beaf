import type { Clock } from '../../core/mesh/clock.ts';
import type { DeviceCard } from '../../core/session/state.ts';
import { seldom } from './seldom.ts';

type Pressure = NonNullable<DeviceCard['pressure']>;

interface PressureRecord {
  readonly state: 'nominal' | Pressure;
}

/** The Compute Pressure API, of Chromium on computers; TypeScript's library does not know it yet. */
export interface PressureSource {
  readonly PressureObserver?: {
    readonly knownSources?: readonly string[];
    new (
      heard: (records: readonly PressureRecord[]) => void,
    ): { observe(source: typeof HEAT, options: { sampleInterval: number }): Promise<void> };
  };
}

/** Not `cpu`: our own work alone fills that, which is what a device is here for. */
const HEAT = 'thermals';

const SAMPLE_MS = 2000;

/** Tells how hot the system says it is, too hot at once. Says nothing where the browser does not tell. */
export function watchPressure(
  source: PressureSource,
  clock: Clock,
  tell: (pressure: Pressure) => void,
): void {
  if (!source.PressureObserver?.knownSources?.includes(HEAT)) return;
  let begun = false;
  const pass = seldom<Pressure>(clock, tell, {
    same: (a, b) => a === b,
    urgent: (value) => value === 'critical',
  });
  const observer = new source.PressureObserver((records) => {
    const state = records.at(-1)?.state ?? 'nominal';
    begun ||= state !== 'nominal';
    // A card cannot take a word back: fair, the least of them, changes no plan.
    if (begun) pass(state === 'nominal' ? 'fair' : state);
  });
  // Refused by the page's policy: then it is as if the browser did not tell.
  observer.observe(HEAT, { sampleInterval: SAMPLE_MS }).catch(() => undefined);
}
