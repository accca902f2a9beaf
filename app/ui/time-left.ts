/** Time still to go, said so that a person can rely on it: roundly, and not anew with every estimate. */

/** What was said last: so many seconds, at that moment in milliseconds. */
export interface Said {
  readonly seconds: number;
  readonly at: number;
}

/** Within this share of what is left, an estimate only wavers; the words go on counting down. */
const WAVERS = 0.25;
/** Near the end a share of the rest is nothing; pieces arrive some seconds apart. */
const WAVERS_SECONDS = 3;

/** What to say now: the old word, as long as the new estimate of `seconds` about bears it out. */
export function settled(said: Said | null, seconds: number, now: number): Said {
  if (said === null) return { seconds, at: now };
  const due = remaining(said, now);
  return Math.abs(seconds - due) <= Math.max(WAVERS_SECONDS, due * WAVERS) ? said : { seconds, at: now };
}

/** Seconds that what was said leaves at `now`; never under zero. */
export function remaining({ seconds, at }: Said, now: number): number {
  return Math.max(0, seconds - (now - at) / 1000);
}

/** "a few seconds left", "about 20 s left", "about 3 min left", "about 2 h left". */
export function timeLeft(seconds: number): string {
  if (seconds <= 4) return 'a few seconds left';
  // Seconds are rounded up, so that they never run out early.
  const fine = seconds <= 60 ? 5 : 10;
  if (seconds <= 110) return `about ${Math.ceil(seconds / fine) * fine} s left`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `about ${minutes} min left` : `about ${Math.round(minutes / 60)} h left`;
}
