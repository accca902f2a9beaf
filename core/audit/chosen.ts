import type { PeerId } from '../ids.ts';
import { type Activation, RESULT_STAGE } from '../protocol/frame.types.ts';
import type { AuditTerms } from '../protocol/messages.ts';

/** Which run of a stage is meant: the same for whoever sent its input and whoever got its output. */
export type HopName = Pick<Activation, 'epoch' | 'origin' | 'request'> & { readonly stage: number };

/**
 * Whether a hop is audited at this rate (0..1). Whoever knows the secret comes to the same; whoever does not cannot
 * tell one hop from another (32-bit FNV-1a, finished as MurmurHash3 is).
 */
export function isChosen(secret: number, { epoch, origin, request, stage }: HopName, rate: number): boolean {
  let hash = 0x811c9dc5 ^ secret;
  for (const letter of `${secret}/${epoch}/${origin}/${request}/${stage}`) {
    hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32 < rate;
}

/**
 * The secret that chooses among runs of `holder`'s stage, or undefined for who is not to know. Both neighbours must come
 * to the same, so at either end of the plan a device's own requests have a secret that all know: whoever makes those
 * wrong harms itself alone.
 */
export function secretOf(
  { own, secrets, stages }: AuditTerms,
  holder: PeerId,
  { origin, stage }: Pick<HopName, 'origin' | 'stage'>,
): number | undefined {
  const atAnEnd = stage === 0 || stage === stages - 1;
  if (atAnEnd && origin === holder) return own;
  return secrets.find(({ peer }) => peer === holder)?.secret;
}

/** The stage that an activation has come out of, of so many. */
export function stageBefore({ stage }: Activation, stages: number): number {
  return (stage === RESULT_STAGE ? stages : stage) - 1;
}

/**
 * What can be computed again from one activation alone: runs without a past, each by itself. Steps of a sequence that
 * has a past are not among them.
 */
export function isAuditable({ sequence, step, decode, joined }: Activation): boolean {
  if (joined) return false;
  return sequence === 0 || (step === 0 && (!decode || (decode.from === 0 && decode.keep === 0)));
}
