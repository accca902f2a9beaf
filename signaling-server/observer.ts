import type { RefusalReason } from '../core/protocol/signaling.ts';

/**
 * Told what connections do, for counting. Nothing here can name anybody: reasons are words of the protocol, everything
 * else is a number.
 */
export interface Observer {
  /** A message of a page, of either kind. */
  heard(): void;
  /** Somebody is inside; `ms` since it came to the door, unless a leader let it in. */
  joined(ms: number | undefined): void;
  refused(reason: RefusalReason): void;
  /** Bytes of one packet, taken over for a member. */
  relayed(bytes: number): void;
}
