import type { Clock } from '../../core/mesh/clock.ts';
import type { DeviceCard } from '../../core/session/state.ts';
import { seldom } from './seldom.ts';

type Pressure = NonNullable<DeviceCard['pressure']>;

interface PressureRecord {
  readonly state: 'nominal' | Pressure;
}

/** The Compute Pressure API, of Chromium on computers; TypeScript's library does not know it yet. */
export interface PressureSource {
  readonly PressureObserver?: new (
    heard: (records: readonly PressureRecord[]) => void,
  ) => { observe(source: 'cpu', options: { sampleInterval: number }): Promise<void> };
}

const SAMPLE_MS = 2000;

/** Tells how hard the system says it works, too hot at once. Says nothing where the browser does not tell. */
export function watchPressure(
  source: PressureSource,
  clock: Clock,
  tell: (pressure: Pressure) => void,
): void {
  if (!source.PressureObserver) return;
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
  observer.observe('cpu', { sampleInterval: SAMPLE_MS }).catch(() => undefined);
}
