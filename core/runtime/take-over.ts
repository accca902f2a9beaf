import type { PeerId } from '../ids.ts';
import type { Inheritance } from '../protocol/inheritance.ts';
import type { PlanMode, PlanRules, PlanView, Seat, SetAside } from '../session/state.ts';
import type { LeaderParts } from './leader-parts.ts';
import type { Member } from './member.ts';
import type { Measured } from './open-model.ts';

/** Everybody has answered a new leader by now: a round trip, and a busy page's time for it. */
const FOLLOWED_MS = 1000;
const FOLLOWED_STEP_MS = 10;

/** What a leader finds in a room that another has led. */
export interface Estate {
  readonly plan: PlanView | null;
  readonly mode: PlanMode;
  readonly rules: PlanRules;
  readonly setAside?: readonly SetAside[];
  readonly times: Inheritance['times'];
  /** The leader before, if it is gone. */
  readonly left: { readonly peer: PeerId; readonly name: string } | null;
}

/** A room that another device has led until now. */
export interface Takeover extends Estate {
  /** Null where this device has nothing of the model; then the room has none any more. */
  readonly subject: Promise<Measured | null>;
  readonly seats: readonly Seat[];
}

/** What a device that leads from now on finds in the room. */
export function takeoverOf({ inherited, told, left, card }: Member): Takeover {
  const { mode, rules, seats, plan, setAside = [] } = told;
  const open = async (): Promise<Measured | null> => {
    if (!inherited) return null;
    const { inheritance, beside } = inherited;
    const { asMeasuredHere, inheritModel } = await import('./inheritance.ts');
    const model = await inheritModel(inheritance, beside);
    return { model, calibration: asMeasuredHere(inheritance, card.profile?.benchMs ?? 0) };
  };
  return {
    mode,
    rules,
    seats,
    plan,
    setAside,
    left,
    times: inherited?.inheritance.times ?? [],
    subject: open(),
  };
}

/** Those who are here have said that they follow; whoever does not say so soon is planned for when it does. */
export async function untilFollowed({ member, network, clock, desk }: LeaderParts): Promise<void> {
  const begun = clock.now();
  const waits = (): boolean =>
    clock.now() - begun < FOLLOWED_MS &&
    (desk.ledger.lacking > 0 || network.peers().some((peer) => !member.followers.includes(peer)));
  while (waits()) {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, FOLLOWED_STEP_MS));
  }
}
