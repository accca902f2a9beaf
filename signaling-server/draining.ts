import type { Connection } from './connection.ts';

/** Of the time there is; the rest is for the last ones to go. */
const SHARE = 0.8;
const STEP_MS = 50;

/**
 * Asks all connections to come again elsewhere, not all in the same moment: the other servers have to take them in.
 * Resolves when the set is empty, or after `ms`.
 */
export async function dismissAll(connections: ReadonlySet<Connection>, ms: number): Promise<void> {
  const all = [...connections];
  const begin = performance.now();
  for (let dismissed = 0; ; ) {
    const passed = performance.now() - begin;
    const due = ms === 0 ? all.length : Math.ceil((all.length * passed) / (ms * SHARE));
    for (const connection of all.slice(dismissed, due)) connection.dismiss();
    dismissed = Math.max(dismissed, due);
    if (connections.size === 0 || passed >= ms) return;
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}
