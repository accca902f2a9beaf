import type { PlanLink, PlanRoom } from './room.ts';

/** Finds the link that carries bytes from one device to another; undefined when the pair cannot talk. */
export type LinkLookup = (from: string, to: string) => PlanLink | undefined;

/**
 * An entry serves the other direction too, unless that is given itself. Of two entries for one direction the
 * later counts; one without bandwidth says that this direction cannot talk.
 */
export function linkLookup(links: PlanRoom['links']): LinkLookup {
  const byEnds = new Map<string, Map<string, PlanLink>>();
  for (const link of links) {
    const fromHere = byEnds.get(link.from) ?? new Map<string, PlanLink>();
    byEnds.set(link.from, fromHere.set(link.to, link));
  }
  return (from, to) => {
    const link = byEnds.get(from)?.get(to) ?? byEnds.get(to)?.get(from);
    return link && link.mbitPerSec > 0 ? link : undefined;
  };
}

/** What one byte adds to the time of a message that comes alone, in ms: 1 Mbit/s moves 1000 bits in a millisecond. */
export function msPerByte({ mbitPerSec }: PlanLink): number {
  return 8 / (mbitPerSec * 1000);
}

/** Time that one byte occupies the link, in ms, where messages follow each other. */
export function steadyMsPerByte({ mbitPerSec, steadyMbitPerSec = mbitPerSec }: PlanLink): number {
  return 8 / (steadyMbitPerSec * 1000);
}
