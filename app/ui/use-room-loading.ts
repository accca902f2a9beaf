import { useRef } from 'preact/hooks';
import type { Progress, SessionState } from '../../core/session/state.ts';
import { useLasting } from './linger.ts';
import { followLoads, type Loads, roomProgress } from './room-loading.ts';

/** A change of plan that is over sooner is not worth another picture. */
const WORTH_SHOWING_MS = 400;

/** How far the whole room is with its layers; null while none are on their way, or only for a moment. */
export function useRoomLoading({ plan, devices }: SessionState): Progress | null {
  const loads = useRef<Loads | null>(null);
  loads.current = followLoads(loads.current, plan, devices);
  const lasting = useLasting(loads.current !== null, WORTH_SHOWING_MS);
  return plan && loads.current && lasting ? roomProgress(loads.current, plan, devices) : null;
}
