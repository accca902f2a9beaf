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

/** Terms of the last round have no tags: each is one more than the one before. */
const LAST_ROUND = (ROUNDS - 1) * TAGS;
/** So many changes of leader a device may have missed. Whoever speaks of more is not believed. */
const MOST_MISSED = 256;
/** And so many of the last round a newcomer. */
const MOST_OF_LAST = 2 ** 20;

/** Of a room that nobody has led yet. */
export const NO_TERM: Term = 0;

/** The next term, for this leader. @throws RangeError after 268 million changes of leader. */
export function nextTerm(after: Term, leader: PeerId): Term {
  const tag = Number.parseInt(leader.slice(0, TAG_DIGITS), 16);
  const round = Math.floor(after / TAGS) + 1;
  if (round < ROUNDS - 1) return round * TAGS + tag;
  const term = Math.max(after, LAST_ROUND) + 1;
  if (term >= ROUNDS * TAGS) throw new RangeError('this room has changed its leader too often');
  return term;
}

/** Whether a room that this device last knew in its `own` term may be in that one; a newcomer knows of none. */
export function isCredible(term: Term, own: Term): boolean {
  if (own === NO_TERM) return term < LAST_ROUND + MOST_OF_LAST;
  if (term < LAST_ROUND) return Math.floor(term / TAGS) - Math.floor(own / TAGS) <= MOST_MISSED;
  return own >= LAST_ROUND - MOST_MISSED * TAGS && term - Math.max(own, LAST_ROUND) <= MOST_MISSED;
}

/** The term to which an epoch belongs. */
export function termOf(epoch: Epoch | number): Term {
  return Math.floor(epoch / PLANS);
}

/** The epoch of the n-th plan of a term, from 1; a term has at most 16,383. */
export function epochOf(term: Term, plan: number): Epoch {
  return (term * PLANS + plan) as Epoch;
}
