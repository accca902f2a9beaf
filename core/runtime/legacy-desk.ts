import type { PeerId } from '../ids.ts';
import type { PlanView } from '../session/state.ts';
import { Bequest } from './bequest.ts';
import type { LeaderParts } from './leader-parts.ts';
import type { OpenModel } from './open-model.ts';

/** Keeps what the leader leaves up to date with the plan that runs, so that another device can go on without it. */
export class LegacyDesk {
  readonly #parts: LeaderParts;
  readonly #model: () => OpenModel | undefined;
  readonly #bequest: Bequest;

  constructor(parts: LeaderParts, model: () => OpenModel | undefined) {
    this.#parts = parts;
    this.#model = model;
    this.#bequest = new Bequest(parts.network, parts.member.weights.shelf);
  }

  /** Whoever leads next can go on with what there is. */
  leave(plan: PlanView | null): void {
    const model = this.#model();
    const { member, desk, replanner } = this.#parts;
    const { calibration } = replanner;
    // In a room of one there is nobody to leave it to.
    if (!model || !calibration || plan?.status !== 'running' || member.followers.length === 0) return;
    const { hashes } = desk.ledger;
    const known = hashes.filter((hash) => hash !== null).length;
    const { card, origin, graphFiles: files } = model;
    const benchMs = member.card.profile?.benchMs ?? 0;
    const times = [...replanner.times];
    this.#spare();
    void this.#bequest
      .leave(`${desk.key}/${known}/${times.length}`, () => {
        return { card, origin, hashes, calibration, benchMs, times, files };
      })
      .then(() => this.#spare());
  }

  /** Who has which weights has changed. */
  weightsMoved(): void {
    if (this.#parts.replanner.plan?.status === 'running') this.#spare();
  }

  /** What is left already. */
  tell(peer: PeerId): void {
    this.#bequest.tell(peer);
  }

  peerDown(peer: PeerId): void {
    this.#bequest.gone(peer);
    this.weightsMoved();
  }

  /** There is nothing to leave any more. */
  clear(): void {
    this.#bequest.clear();
  }

  /** This device leads no more: whoever does leaves something of its own. */
  close(): void {
    this.#bequest.close();
  }

  /** No weights are on this device alone; once all is with others, its card says so. */
  #spare(): void {
    const { member, desk } = this.#parts;
    const [heir] = member.inOrder(member.followers);
    const name = this.#model()?.card.name;
    const left =
      heir !== undefined && name !== undefined && this.#bequest.spare(heir, desk.key, name, desk.ledger);
    member.setHeir(left ? this.#bequest.key : null);
  }
}
