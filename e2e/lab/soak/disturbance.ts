/** What happens to a room next. */
export type Disturbance =
  | { readonly kind: 'kill'; readonly device: number }
  | { readonly kind: 'freeze'; readonly device: number; readonly seconds: number }
  | { readonly kind: 'rejoin' };

/** Fewer living devices than this, and one comes back before another goes. */
const LEAST_ALIVE = 3;
/** From one that nobody notices to one that counts as having left. */
const [LEAST_FREEZE_S, MOST_FREEZE_S] = [1, 10];

/** Draws the next disturbance of a room in which these may be hit, and of which some are missing. */
export function drawDisturbance(
  random: () => number,
  room: { readonly alive: number; readonly missing: number; readonly victims: readonly number[] },
): Disturbance | null {
  const { alive, missing, victims } = room;
  if (missing > 0 && (alive <= LEAST_ALIVE || random() < 0.5)) return { kind: 'rejoin' };
  const device = victims[Math.floor(random() * victims.length)];
  if (device === undefined) return null;
  if (random() < 0.6 && alive > 2) return { kind: 'kill', device };
  const seconds = LEAST_FREEZE_S + Math.floor(random() * (MOST_FREEZE_S - LEAST_FREEZE_S + 1));
  return { kind: 'freeze', device, seconds };
}
