import { type FetchError, messageOf, PotluckError } from '../errors.ts';
import type { PeerId, Sha256 } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { StagePiece, ToldPiece } from '../protocol/messages.ts';
import type { OriginCard } from '../protocol/origin-card.ts';
import { LearnedHashes } from './learned-hashes.ts';
import { recallManifest } from './manifest.ts';
import { GATHERING, missingPieces } from './missing-pieces.ts';
import type { Origin } from './origin.ts';
import { OriginLanes, VERIFY } from './origin-lanes.ts';
import { PeerLanes, type PeerLanesOptions } from './peer-lanes.ts';
import { PieceKeeper } from './piece-keeper.ts';
import type { Shelf } from './shelf.ts';
import { type PieceState, StagePieces } from './stage-pieces.ts';

/**
 * Without word of the awaited pieces for this long, and with nothing else to do, they are fetched after all. Far
 * beyond what the leader needs to name another fetcher: doing it too early fetches the same bytes twice.
 */
const AWAIT_MS = 300_000;

export interface GatheringOptions {
  /** In the order of the pack. */
  readonly pieces: readonly StagePiece[];
  /** The model's name, under which its pieces are stored. */
  readonly label: string;
  readonly source: { readonly card: OriginCard; readonly origin: Origin } | null;
  readonly shelf: Shelf;
  readonly clock: Clock;
  readonly ask: PeerLanesOptions['ask'];
  readonly events: GatheringEvents;
  readonly signal: AbortSignal;
}

export interface GatheringEvents {
  /** Bytes of pieces that are here, begun ones included. Never falls. */
  progress(bytes: number): void;
  /** A piece is here and verified. */
  held(id: number, hash: Sha256): void;
  /** `from` sent something else than the piece; it is fetched elsewhere. */
  corrupt(id: number, from: PeerId): void;
  /** The device stores no more, for this reason: the rest stays in memory and has to come again next time. */
  full(message: string): void;
}

interface Settle {
  readonly done: () => void;
  readonly fail: (reason: unknown) => void;
}

/**
 * Brings the pieces of one stage to this device: from its own shelf, from peers that have them, from the origin.
 * Each is verified before it counts. What fails at one source is tried at the next.
 */
export class Gathering {
  readonly #options: GatheringOptions;
  readonly #pieces: StagePieces;
  readonly #keeper: PieceKeeper;
  readonly #learned: LearnedHashes | null;
  readonly #peers: PeerLanes;
  readonly #origin: OriginLanes | null;
  readonly #stop = new AbortController();
  /** Ends the fetching; null while this device looks through its own shelf, and after the end. */
  #settle: Settle | null = null;
  #patience: number | undefined;

  constructor(options: GatheringOptions) {
    const { pieces, label, source, shelf, clock, events, ask } = options;
    this.#options = options;
    this.#pieces = new StagePieces(pieces, source?.card ?? null, (bytes) => events.progress(bytes));
    this.#keeper = new PieceKeeper(shelf, label, (message) => events.full(message));
    this.#learned = source && new LearnedHashes(shelf.store, source.card, clock);
    const lanes = {
      pieces: this.#pieces,
      digest: (bytes: Uint8Array<ArrayBuffer>) => shelf.digest(bytes),
      take: (piece: PieceState, hash: Sha256, bytes: Uint8Array<ArrayBuffer>) =>
        this.#take(piece, hash, bytes),
      freed: () => this.#go(),
      signal: this.#stop.signal,
    };
    const peers = new PeerLanes({ ...lanes, ask, corrupt: ({ id }, from) => events.corrupt(id, from) });
    this.#peers = peers;
    const spare = (piece: PieceState): boolean => piece.awaited || peers.canGive(piece);
    this.#origin = source && new OriginLanes({ ...lanes, ...source, clock, spare });
  }

  /**
   * The pieces in the order of the pack. Call once.
   * @throws FetchError that says what is missing and why, or the signal's reason.
   */
  async gather(): Promise<readonly Blob[]> {
    const { signal } = this.#options;
    try {
      signal.throwIfAborted();
      await this.#findHere();
      signal.throwIfAborted();
      await this.#fetch();
      this.#keeper.release(new Set(this.#pieces.all.flatMap(({ hash }) => hash ?? [])));
      return this.#pieces.all.flatMap(({ blob }) => blob ?? []);
    } finally {
      this.#rest();
      this.#stop.abort(new Error('the pieces are here, or given up'));
      void (this.#isChanged ? this.#learned?.forget() : this.#learned?.flush());
    }
  }

  /** News of awaited pieces. */
  told(pieces: readonly ToldPiece[]): void {
    this.#pieces.told(pieces);
    this.#go();
  }

  peerDown(peer: PeerId): void {
    this.#pieces.peerDown(peer);
    this.#go();
  }

  /** Takes what is on the shelf, under the names that the room or this device knows. */
  async #findHere(): Promise<void> {
    const { source, shelf, signal } = this.#options;
    // A store that cannot be read has nothing.
    const known = source && (await recallManifest(shelf.store, source.card).catch(() => null));
    for (const piece of this.#pieces.all) {
      if (piece.at) piece.hash ??= known?.hashOf({ ...piece.at, length: piece.length }) ?? null;
      const { hash } = piece;
      const blob = hash && (await shelf.find(hash).catch(() => null));
      if (signal.aborted) return;
      if (hash && blob?.size === piece.length) this.#here(piece, hash, blob);
    }
  }

  #fetch(): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve, reject) => {
      this.#settle = { done: resolve, fail: reject };
      const abort = (): void => this.#end()?.fail(signal.reason);
      signal.addEventListener('abort', abort, { signal: this.#stop.signal });
      this.#go();
    });
  }

  /** Starts whatever may start; ends when all is here or nothing more can come. */
  #go(): void {
    if (!this.#settle) return;
    this.#peers.start();
    this.#origin?.start();
    if (this.#pieces.missing.length === 0) this.#end()?.done();
    else if (this.#peers.isBusy || this.#origin?.isBusy) this.#rest();
    else if (this.#pieces.open.some(({ awaited }) => awaited)) this.#wait();
    else this.#end()?.fail(this.#missing());
  }

  #end(): Settle | null {
    const settle = this.#settle;
    this.#settle = null;
    return settle;
  }

  #wait(): void {
    this.#patience ??= this.#options.clock.setTimeout(() => {
      this.#patience = undefined;
      for (const piece of this.#pieces.open) piece.awaited = false;
      this.#go();
    }, AWAIT_MS);
  }

  #rest(): void {
    if (this.#patience !== undefined) this.#options.clock.clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  async #take(piece: PieceState, hash: Sha256, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const blob = await this.#keeper.keep(hash, bytes);
    if (!this.#stop.signal.aborted) this.#here(piece, hash, blob);
  }

  #here(piece: PieceState, hash: Sha256, blob: Blob): void {
    const { at, id, length } = piece;
    this.#pieces.here(piece, hash, blob);
    if (at) this.#learned?.add({ ...at, length }, hash);
    this.#options.events.held(id, hash);
  }

  get #isChanged(): boolean {
    const error = this.#origin?.error;
    return error instanceof PotluckError && error.data.step === VERIFY;
  }

  #missing(): FetchError {
    const cause = this.#origin?.error;
    const why = cause ? messageOf(cause) : (this.#peers.lastFailure ?? 'No device that is here has them.');
    return missingPieces(this.#pieces, this.#isChanged ? VERIFY : GATHERING, why, cause);
  }
}
