import type { Page } from 'playwright';
import type { PeerId } from '../core/ids.ts';
import type { PlanMode, PlanRules, PlanView } from '../core/session/state.ts';
import { type PotluckWindow, until } from '../e2e/session-page.ts';

/** What a person would choose in the leader's page. */
export interface Choice {
  readonly mode: PlanMode;
  readonly rules?: Partial<PlanRules>;
}

/** A plan that has not changed for so long is the one that the room stays with. */
const QUIET_MS = 4000;
/** Layers travel over slow links and load on slow devices. */
const PATIENCE_MS = 180_000;

const FREE: PlanRules = { pinnedIn: [], pinnedOut: [], endsAtHome: false, batteryFloor: 0 };

/**
 * Chooses in the leader's page and waits until a plan for it runs and stays.
 * @throws Error when none does in time.
 */
export async function choosePlan(page: Page, { mode, rules }: Choice): Promise<PlanView> {
  const whole = { ...FREE, ...rules };
  await page.evaluate(
    ({ mode, rules }) => {
      const { potluck } = globalThis as unknown as PotluckWindow;
      potluck.setRules(rules);
      potluck.setMode(mode);
    },
    { mode, rules: whole },
  );
  let last = { key: '', since: performance.now() };
  const { plan } = await until(
    page,
    `a plan for ${JSON.stringify({ mode, ...rules })} runs`,
    ({ plan, preparing }) => {
      const fits = plan && preparing === null && plan.status === 'running' && obeys(plan, mode, whole);
      const key = fits ? keyOf(plan) : '';
      if (key !== last.key) last = { key, since: performance.now() };
      return key !== '' && performance.now() - last.since >= QUIET_MS;
    },
    PATIENCE_MS,
  );
  if (!plan) throw new Error('The plan is gone.');
  return plan;
}

/** All devices that hold a part of the model, copies as well. */
export function holdersOf({ stages }: Pick<PlanView, 'stages'>): PeerId[] {
  const all = stages.flatMap(({ peer, copies }) => [peer, ...(copies ?? []).map((copy) => copy.peer)]);
  return [...new Set(all)];
}

/** "0-12 on A, 12-20 on B and C", with devices as `nameOf` calls them. */
export function stagesInWords(
  { stages }: Pick<PlanView, 'stages'>,
  nameOf: (peer: PeerId) => string,
): string {
  return stages
    .map(({ peer, copies, start, end }) => {
      const names = [peer, ...(copies ?? []).map((copy) => copy.peer)].map(nameOf);
      return `${start}-${end} on ${names.join(' and ')}`;
    })
    .join(', ');
}

function obeys(plan: PlanView, mode: PlanMode, { pinnedIn, pinnedOut }: PlanRules): boolean {
  const holders = holdersOf(plan);
  return (
    JSON.stringify(plan.mode) === JSON.stringify(mode) &&
    pinnedIn.every((peer) => holders.includes(peer)) &&
    !pinnedOut.some((peer) => holders.includes(peer))
  );
}

function keyOf(plan: PlanView): string {
  return `${plan.epoch} ${stagesInWords(plan, (peer) => peer)}`;
}
