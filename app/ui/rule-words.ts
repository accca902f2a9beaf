import type { PeerId } from '../../core/ids.ts';
import type { PlanRules } from '../../core/session/state.ts';
import { percent } from './format.ts';

/** What a person said of one device; `free`: nothing. */
export type Part = 'free' | 'in' | 'out';

export const PART_WORDS: Readonly<Record<Part, string>> = {
  free: 'As the plan likes',
  in: 'Must take part',
  out: 'Left out by hand',
};

export function partOf({ pinnedIn, pinnedOut }: PlanRules, peer: PeerId): Part {
  if (pinnedIn.includes(peer)) return 'in';
  return pinnedOut.includes(peer) ? 'out' : 'free';
}

/** The rules with another word on one device. */
export function withPart(rules: PlanRules, peer: PeerId, part: Part): PlanRules {
  const others = (list: readonly PeerId[]): readonly PeerId[] => list.filter((other) => other !== peer);
  return {
    ...rules,
    pinnedIn: [...others(rules.pinnedIn), ...(part === 'in' ? [peer] : [])],
    pinnedOut: [...others(rules.pinnedOut), ...(part === 'out' ? [peer] : [])],
  };
}

/** How many rules are set. */
export function rulesSet({ pinnedIn, pinnedOut, endsAtHome, batteryFloor }: PlanRules): number {
  return pinnedIn.length + pinnedOut.length + (endsAtHome ? 1 : 0) + (batteryFloor > 0 ? 1 : 0);
}

/** Each rule that is set as a sentence, for those who cannot change them. */
export function ruleWords(
  { pinnedIn, pinnedOut, endsAtHome, batteryFloor, auditRate }: PlanRules,
  nameOf: (peer: PeerId) => string,
): readonly string[] {
  return [
    ...pinnedIn.map((peer) => `${nameOf(peer)} must take part.`),
    ...pinnedOut.map((peer) => `${nameOf(peer)} is left out.`),
    ...(endsAtHome ? ['The first and the last layers stay with the leader.'] : []),
    ...(auditRate === undefined
      ? []
      : [
          auditRate > 0
            ? `Other devices check ${percent(auditRate)} of the results.`
            : 'No results are checked by other devices.',
        ]),
    ...(batteryFloor > 0 ? [`Devices on battery below ${percent(batteryFloor)} are left out.`] : []),
  ];
}
