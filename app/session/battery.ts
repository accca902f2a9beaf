import type { Clock } from '../../core/mesh/clock.ts';
import type { Battery } from '../../core/session/state.ts';
import { seldom } from './seldom.ts';

/** What Chromium tells of the battery; no other browser does. */
interface BatteryManager extends Pick<EventTarget, 'addEventListener'> {
  readonly level: number;
  readonly charging: boolean;
}

export interface BatterySource {
  getBattery?(): Promise<BatteryManager>;
}

/** Tells how full the battery is, plugging in and out at once. Says nothing where the browser does not tell. */
export async function watchBattery(
  source: BatterySource,
  clock: Clock,
  tell: (battery: Battery) => void,
): Promise<void> {
  // Refused by the page's policy: then it is as if the browser did not tell.
  const battery = await source.getBattery?.().catch(() => undefined);
  if (!battery) return;
  const pass = seldom<Battery>(clock, tell, {
    same: (a, b) => a.charge === b.charge && a.charging === b.charging,
    urgent: (value, told) => value.charging !== told?.charging,
  });
  let begun = false;
  const read = (): void => {
    const charge = Math.round(battery.level * 100) / 100;
    // A computer without a battery looks like one that is full and plugged in: neither is worth telling.
    begun ||= !(battery.charging && charge === 1);
    if (begun) pass({ charge, charging: battery.charging });
  };
  battery.addEventListener('levelchange', read);
  battery.addEventListener('chargingchange', read);
  read();
}
