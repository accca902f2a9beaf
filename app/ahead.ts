import type { Signal } from '@preact/signals';
import type { SessionState } from '../core/session/state.ts';

/** By then nobody waits for the first answer any more. */
const AFTER_MS = 3000;

/** What is shown and used later, and should be at hand even when the server is gone by then. */
const PARTS: readonly (() => Promise<unknown>)[] = [
  () => import('../core/mesh/mesh.ts'),
  () => import('./session/questions.ts'),
  () => import('../core/opening/file-source.ts'),
  () => import('./session/room-trace.ts'),
  () => import('./session/model-sequence.ts'),
  () => import('./ui/log-tools.tsx'),
  () => import('./ui/device-pairs.tsx'),
  () => import('./ui/model-pairs.tsx'),
  () => import('./ui/aside.tsx'),
  () => import('../core/runtime/audit/own-audits.ts'),
  () => import('../core/runtime/audit/audit-desk.ts'),
  () => import('../core/runtime/audit/ask-again.ts'),
];

/**
 * Loads the code of what the first minute does not need: a follower's screen once there is somebody to follow, the rest
 * soon after the model runs.
 */
export function loadAhead(state: Signal<SessionState>): void {
  // A part that does not come is asked for again where it is needed.
  const load = (part: () => Promise<unknown>): void => void part().catch(() => undefined);
  let following = false;
  let running = false;
  state.subscribe(({ devices, plan }) => {
    if (!following && devices.length > 1) {
      following = true;
      load(() => import('./ui/follower.tsx'));
      load(() => import('./session/offences.ts'));
    }
    if (running || plan?.status !== 'running') return;
    running = true;
    setTimeout(() => PARTS.forEach(load), AFTER_MS);
  });
}
