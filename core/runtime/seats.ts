import type { PeerId } from '../ids.ts';
import type { Seat } from '../session/state.ts';

/** As many as the page has colours for devices. */
const COLOURS = 8;

/** Seats for the devices that are here; whoever stays keeps its colour. */
export function seated(before: readonly Seat[], here: ReadonlySet<PeerId>): readonly Seat[] {
  const kept = before.filter(({ peer }) => here.has(peer));
  for (const peer of here) {
    if (kept.some((seat) => seat.peer === peer)) continue;
    const colours = Array.from({ length: COLOURS }, (_, at) => at + 1);
    const free = colours.find((colour) => !kept.some((seat) => seat.colour === colour));
    kept.push({ peer, colour: free ?? 1 + (kept.length % COLOURS) });
  }
  return kept;
}
