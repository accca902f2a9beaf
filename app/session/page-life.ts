import { systemClock } from '../../core/mesh/clock.ts';
import { holdsLayers } from '../../core/session/holders.ts';
import { type BatterySource, watchBattery } from './battery.ts';
import type { BrowserSession } from './browser-session.ts';
import { type PressureSource, watchPressure } from './pressure.ts';

/** Tells the room when this page is hidden or goes and how its device fares, and keeps the screen on while the page holds layers. */
export function watchPage(session: BrowserSession, reconnect: () => void): void {
  document.addEventListener('visibilitychange', () => {
    session.member.setCard({ hidden: document.hidden });
    if (document.hidden) return;
    // The browser gave the lock back when the page was hidden, or refused it before: it may be had again.
    lock = undefined;
    void keepAwake(session);
    reconnect();
  });
  addEventListener('online', reconnect);
  // A goodbye is noticed in milliseconds; without one the heartbeat needs seconds.
  addEventListener('pagehide', () => session.member.close('closed the page'));
  // A page from the back-forward cache has closed its links: it starts anew.
  addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
  });
  session.state.subscribe(() => void keepAwake(session));
  const { member } = session;
  void watchBattery(navigator as BatterySource, systemClock, (battery) => member.setCard({ battery }));
  watchPressure(globalThis as PressureSource, systemClock, (pressure) => member.setCard({ pressure }));
}

let lock: Promise<WakeLockSentinel | undefined> | undefined;

async function keepAwake(session: BrowserSession): Promise<void> {
  const { plan, me } = session.state.value;
  if (!holdsLayers(plan, me) || document.hidden || lock || !('wakeLock' in navigator)) return;
  // Refused on low battery: then the screen may sleep, and the room goes on without this device.
  lock = navigator.wakeLock.request('screen').catch(() => undefined);
}
