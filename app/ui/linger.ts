import { useEffect, useState } from 'preact/hooks';

/** Stays true for `milliseconds` after `active` turned false, so that something short can still be seen. */
export function useLinger(active: boolean, milliseconds: number): boolean {
  const [lingering, setLingering] = useState(active);
  useEffect(() => {
    if (active) {
      setLingering(true);
      return;
    }
    const timer = setTimeout(() => setLingering(false), milliseconds);
    return () => clearTimeout(timer);
  }, [active, milliseconds]);
  return active || lingering;
}

/** True once `active` has been true for `milliseconds`, so that something short is not shown at all. */
export function useLasting(active: boolean, milliseconds: number): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!active) {
      setLasting(false);
      return;
    }
    const timer = setTimeout(() => setLasting(true), milliseconds);
    return () => clearTimeout(timer);
  }, [active, milliseconds]);
  return active && lasting;
}
