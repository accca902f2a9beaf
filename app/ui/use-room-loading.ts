import { useRef } from 'preact/hooks';
import type { Progress, SessionState } from '../../core/session/state.ts';
import { useLasting } from './linger.ts';
import { followLoads, type Loads, roomProgress } from './room-loading.ts';

/** A change of plan that is over sooner is not worth another picture. */
const WORTH_SHOWING_MS = 400;

/** The bytes of each device under the plan that loads; null while none does. */
export function useLoads({ plan, devices }: SessionState): Loads | null {
  const loads = useRef<Loads | null>(null);
  loads.current = followLoads(loads.current, plan, devices);
  return loads.current;
}

/** How far the whole room is with its layers; null while none are on their way, or only for a moment. */
export function useRoomLoading(state: SessionState): Progress | null {
  const loads = useLoads(state);
  const lasting = useLasting(loads !== null, WORTH_SHOWING_MS);
  return state.plan && loads && lasting ? roomProgress(loads, state.plan, state.devices) : null;
}
