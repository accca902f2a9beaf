import type { Takeover } from './leader.ts';
import type { Member } from './member.ts';
import type { Measured } from './replanner.ts';

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
