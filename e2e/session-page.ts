import type { Page } from 'playwright';
import type { Programs } from '../app/session/programs.ts';
import { holdersOf } from '../core/session/holders.ts';
import type { SessionState } from '../core/session/state.ts';

/** The page's window, as scripts in it see it. */
export interface PotluckWindow {
  readonly potluck: Programs;
}

/** What a page shows now; undefined while it loads. */
export async function stateOf(page: Page): Promise<SessionState | undefined> {
  try {
    return await page.evaluate(() => (globalThis as Partial<PotluckWindow>).potluck?.state());
  } catch (error) {
    // A page that is being reloaded loses its context in the middle of a question.
    if (/context was destroyed|navigat/i.test(String(error))) return undefined;
    throw error;
  }
}

/** Longest honest wait: a cold start, a profile of under 10 s and a plan, on a machine busy with four browsers. */
const PATIENCE_MS = 90_000;
const POLL_MS = 100;

/**
 * Waits until the page's state is as wished.
 * @throws Error that says what was waited for and how the state was at the end.
 */
export async function until(
  page: Page,
  what: string,
  wished: (state: SessionState) => boolean,
  patienceMs: number = PATIENCE_MS,
): Promise<SessionState> {
  const limit = performance.now() + patienceMs;
  for (;;) {
    const state = await stateOf(page);
    if (state && wished(state)) return state;
    if (performance.now() > limit) {
      throw new Error(`After ${patienceMs / 1000} s still not: ${what}. The page shows: ${summary(state)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** True when a plan runs in which `holders` devices hold stages. */
export function runsOn(holders: number): (state: SessionState) => boolean {
  return ({ plan, preparing }) =>
    preparing === null &&
    plan?.status === 'running' &&
    new Set(plan.stages.flatMap((stage) => holdersOf(stage).map(({ peer }) => peer))).size === holders;
}

/** True when this many devices are in the room and measured. */
export function readyDevices(count: number): (state: SessionState) => boolean {
  return ({ phase, devices }) =>
    phase.kind === 'open' && devices.length === count && devices.every(({ card }) => card.status === 'ready');
}

/** True when every device but the leader has what it takes to lead in its place, and no weights are on the leader alone. */
export function everyHeir({ devices, leader }: SessionState): boolean {
  const left = devices.find(({ card }) => card.peer === leader)?.card.heir;
  return left !== undefined && devices.every(({ card }) => card.heir === left);
}

/** True when this page reaches every other device directly. */
export function directlyLinked({ me, devices }: SessionState): boolean {
  return devices.every(({ card, link }) => card.peer === me || link.kind === 'direct');
}

function summary(state: SessionState | undefined): string {
  if (!state) return 'nothing yet';
  return JSON.stringify({
    phase: state.phase,
    server: state.server,
    devices: state.devices.map(({ card, link, loading }) => [
      card.name,
      card.status,
      card.refusal,
      link.kind,
      loading,
    ]),
    model: state.model.kind,
    plan: state.plan && [state.plan.mode, state.plan.status, state.plan.stages.length, state.plan.leftOut],
    preparing: state.preparing,
    notices: state.notices.map(({ message }) => message),
    log: state.log.slice(0, 5).map(({ what, more }) => `${what} ${more}`),
  });
}
