import type { PeerId } from '../ids.ts';
import type { LoadReport } from '../session/state.ts';

/** Items that come further apart than this are single questions, not a stream. */
const PAUSE_MS = 5000;

/** What load reports tell the leader of the work as a whole: since when it goes on, and whose states depend on the plan. */
export class WorkWatch {
  readonly #items = new Map<PeerId, number>();
  readonly #sequences = new Map<PeerId, number>();
  #busySince = 0;
  #lastItemAt = Number.NEGATIVE_INFINITY;

  heard(peer: PeerId, { items, sequences = 0 }: LoadReport, now: number): void {
    this.#sequences.set(peer, sequences);
    const before = this.#items.get(peer);
    this.#items.set(peer, items);
    if (before === undefined || items <= before) return;
    if (now - this.#lastItemAt > PAUSE_MS) this.#busySince = now;
    this.#lastItemAt = now;
  }

  forget(peer: PeerId): void {
    this.#items.delete(peer);
    this.#sequences.delete(peer);
  }

  /** How long items have come without a pause; 0 while none come. */
  busyForMs(now: number): number {
    return now - this.#lastItemAt > PAUSE_MS ? 0 : Math.max(1, now - this.#busySince);
  }

  /** True while a device keeps the states of a sequence, which a change of plan would lose. */
  get keepsStates(): boolean {
    return [...this.#sequences.values()].some((count) => count > 0);
  }
}
