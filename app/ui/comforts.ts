import { useEffect, useState } from 'preact/hooks';

/** Keeps the screen on while this device has work to do. Null where the browser cannot. */
export function useWakeLock(wanted: boolean): boolean | null {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (!wanted || !('wakeLock' in navigator)) return;
    let lock: WakeLockSentinel | undefined;
    let over = false;
    const take = async (): Promise<void> => {
      if (document.visibilityState !== 'visible') return;
      try {
        const taken = await navigator.wakeLock.request('screen');
        if (over) return void taken.release();
        lock = taken;
        taken.addEventListener('release', () => setHeld(false));
        setHeld(true);
      } catch {
        // A low battery may forbid it; then the screen goes dark as usual.
        setHeld(false);
      }
    };
    // The browser takes the lock away with the tab; coming back, it is asked for again.
    const again = (): void => void take();
    document.addEventListener('visibilitychange', again);
    again();
    return () => {
      over = true;
      document.removeEventListener('visibilitychange', again);
      void lock?.release();
    };
  }, [wanted]);
  return 'wakeLock' in navigator ? held : null;
}
