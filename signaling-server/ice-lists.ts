import { randomBytes } from 'node:crypto';
import type { IceServer } from '../core/protocol/signaling.ts';
import type { TurnAccess } from './turn-access.ts';
import type { Visitor } from './visitor.ts';

interface Issued {
  readonly id: string;
  readonly atMs: number;
}

/**
 * The ICE servers that each member is told: those that are the same for all, and a TURN server with credentials of its
 * own. New ones follow before those run out, so that a member can make a new link at any time. (Links that stand stay:
 * coturn checks the time only when one begins.)
 */
export class IceLists {
  readonly #fixed: readonly IceServer[];
  readonly #turn: TurnAccess | undefined;
  readonly #issued = new Map<Visitor, Issued>();

  constructor(fixed: readonly IceServer[], turn?: TurnAccess) {
    this.#fixed = fixed;
    this.#turn = turn;
  }

  /** For a member that is coming in by this connection; it is told of new ones until {@link forget}. */
  listFor(visitor: Visitor): readonly IceServer[] {
    if (!this.#turn) return this.#fixed;
    return this.#issue(this.#turn, visitor, randomBytes(8).toString('hex'));
  }

  forget(visitor: Visitor): void {
    this.#issued.delete(visitor);
  }

  /** Sends new credentials where half of the time of the old ones is over. Called about once a second. */
  tick(): void {
    const turn = this.#turn;
    if (!turn) return;
    for (const [visitor, { id, atMs }] of this.#issued) {
      if (!turn.isStale(atMs)) continue;
      visitor.send({ type: 'ice-servers', iceServers: this.#issue(turn, visitor, id) });
    }
  }

  #issue(turn: TurnAccess, visitor: Visitor, id: string): readonly IceServer[] {
    this.#issued.set(visitor, { id, atMs: turn.now() });
    return [...this.#fixed, turn.issue(id)];
  }
}

/** For rooms whose members are told by the process that they are connected to. */
export const NO_ICE: IceLists = new IceLists([]);
