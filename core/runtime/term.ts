import type { Epoch, PeerId } from '../ids.ts';

/**
 * A leader's time in office. An epoch is a whole number below 2^53, made of three parts, the highest first:
 *
 *     | round, 11 bits | tag of the leader, 28 bits | plan, 14 bits |
 *
 * The round rises with each change of leader and the plan with each plan of one leader, so later epochs are larger. The
 * tag is the beginning of the leader's peer id: two that take over at the same time in the two halves of a broken
 * network never give the same epoch, and everybody can tell whose counts when the halves meet. A **term** is an epoch
 * without its plan.
 */
export type Term = number;

const PLANS = 2 ** 14;
const TAG_DIGITS = 7;
const TAGS = 16 ** TAG_DIGITS;
const ROUNDS = 2 ** 11;

/** Of a room that nobody has led yet. */
export const NO_TERM: Term = 0;

/** The next term, for this leader. @throws RangeError after 2,047 changes of leader. */
export function nextTerm(after: Term, leader: PeerId): Term {
  const tag = Number.parseInt(leader.slice(0, TAG_DIGITS), 16);
  const round = Math.floor(after / TAGS) + 1;
  if (round >= ROUNDS) throw new RangeError('this room has changed its leader too often');
  return round * TAGS + tag;
}

/** The term to which an epoch belongs. */
export function termOf(epoch: Epoch | number): Term {
  return Math.floor(epoch / PLANS);
}

/** The epoch of the n-th plan of a term, from 1; a term has at most 16,383. */
export function epochOf(term: Term, plan: number): Epoch {
  return (term * PLANS + plan) as Epoch;
}
