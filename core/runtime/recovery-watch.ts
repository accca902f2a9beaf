import type { PeerId } from '../ids.ts';
import { holdsLayers } from '../session/holders.ts';
import type { PlanView } from '../session/state.ts';

/** How long a room took to answer again after it lost a device that held layers; all in ms. */
export interface Recovery {
  readonly peer: PeerId;
  /** Since the device was last heard, when it was noticed that it is gone; null where that is not known. */
  readonly noticeMs: number | null;
  /** From there until there was another plan, until its layers were loaded, and until the next answer. */
  readonly planMs: number;
  readonly loadMs: number;
  readonly answerMs: number;
  /** Requests that entered once more. */
  readonly redone: number;
}

/** Watches the clock from a loss to the next answer, as this page sees it. All times by one clock, in ms. */
export class RecoveryWatch {
  readonly #heardAt = new Map<PeerId, number>();
  #loss: { readonly peer: PeerId; readonly at: number; readonly noticeMs: number | null } | undefined;
  /** What ran last, and what was last told. */
  #ran: PlanView | null = null;
  #told: PlanView | null = null;
  #plannedAt: number | undefined;
  #runsAt: number | undefined;
  #redone = 0;

  /** A device was last heard at this time. */
  heard(peer: PeerId, at: number): void {
    this.#heardAt.set(peer, at);
  }

  /** A device is gone. */
  lost(peer: PeerId, now: number): void {
    const heardAt = this.#heardAt.get(peer);
    this.#heardAt.delete(peer);
    // The leader may have noticed before, and taken the plan back. A second loss belongs to the first.
    if (!holdsLayers(this.#ran, peer) || this.#loss) return;
    this.#loss = { peer, at: now, noticeMs: heardAt === undefined ? null : now - heardAt };
    this.#plannedAt = undefined;
    this.#runsAt = undefined;
    this.#redone = 0;
    this.planned(this.#told, now);
  }

  /** What the leader told last; null for no plan. */
  planned(plan: PlanView | null, now: number): void {
    this.#told = plan;
    if (plan?.status === 'running') this.#ran = plan;
    // The plan of before may be told once more by a leader that has not noticed yet.
    if (!plan || !this.#loss || holdsLayers(plan, this.#loss.peer)) return;
    this.#plannedAt ??= now;
    if (plan.status === 'running') this.#runsAt ??= now;
  }

  again(): void {
    if (this.#loss) this.#redone++;
  }

  /** An answer came. The recovery that it ends; undefined for any other, and where nobody was kept waiting. */
  answered(askedAt: number, now: number): Recovery | undefined {
    const [loss, runsAt, plannedAt] = [this.#loss, this.#runsAt, this.#plannedAt];
    if (!loss) return undefined;
    if (runsAt === undefined || plannedAt === undefined) {
      // Asked and answered without another plan: the one of before works.
      if (askedAt > loss.at) this.#loss = undefined;
      return undefined;
    }
    this.#loss = undefined;
    if (askedAt > runsAt) return undefined;
    return {
      peer: loss.peer,
      noticeMs: loss.noticeMs,
      planMs: plannedAt - loss.at,
      loadMs: runsAt - plannedAt,
      answerMs: now - runsAt,
      redone: this.#redone,
    };
  }
}
