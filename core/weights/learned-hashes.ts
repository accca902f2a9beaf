import type { Sha256 } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { OriginCard } from '../protocol/origin-card.ts';
import { forgetManifest, type PlaceAtOrigin, rememberManifest } from './manifest.ts';
import type { PieceStore } from './piece-store.ts';

/** A page may be closed in the middle of a load: what it stored until then must be found by name next time. */
const WRITE_EVERY_MS = 5000;

/** Writes down the hashes of an origin's pieces as they become known. Best effort: what is lost is learned again. */
export class LearnedHashes {
  readonly #store: PieceStore;
  readonly #card: OriginCard;
  readonly #clock: Pick<Clock, 'now'>;
  #learned: (readonly [PlaceAtOrigin, Sha256])[] = [];
  #writing: Promise<void> | undefined;
  #writtenAt: number;

  constructor(store: PieceStore, card: OriginCard, clock: Pick<Clock, 'now'>) {
    this.#store = store;
    this.#card = card;
    this.#clock = clock;
    this.#writtenAt = clock.now();
  }

  add(place: PlaceAtOrigin, hash: Sha256): void {
    this.#learned.push([place, hash]);
    if (!this.#writing && this.#clock.now() - this.#writtenAt >= WRITE_EVERY_MS) void this.#write();
  }

  /** Writes what is not written yet. */
  async flush(): Promise<void> {
    await this.#writing;
    await this.#write();
  }

  /** The origin's files are not those that these hashes are of. */
  async forget(): Promise<void> {
    this.#learned = [];
    await this.#writing;
    await forgetManifest(this.#store, this.#card).catch(nextTime);
  }

  async #write(): Promise<void> {
    const learned = this.#learned;
    this.#learned = [];
    this.#writtenAt = this.#clock.now();
    this.#writing = rememberManifest(this.#store, this.#card, learned).catch(nextTime);
    await this.#writing;
    this.#writing = undefined;
  }
}

/** A store that fails costs the next visit some bytes, and this one nothing. */
function nextTime(): void {}
