import { FetchError, messageOf, PotluckError, StorageFullError } from '../errors.ts';
import type { PeerId, Sha256 } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { StagePiece, ToldPiece } from '../protocol/messages.ts';
import type { OriginCard } from '../protocol/origin-card.ts';
import { type PlaceAtOrigin, recallManifest, rememberManifest } from './manifest.ts';
import type { Origin } from './origin.ts';
import { firstRun, type OriginPiece, type OriginRun, piecesOfRun, runBytes } from './origin-run.ts';
import type { Shelf } from './shelf.ts';

/** Requests to the origin at a time: one waits for its first byte while the other fills the line. */
const ORIGIN_LANES = 2;
/** Pieces asked of one peer at a time: the next is on its way while one is hashed and stored. */
const ASKS_PER_PEER = 2;
/** Broken connections to the origin without a single new piece between them, before it is given up. */
const ORIGIN_TRIES = 6;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8000;
/** Refusals and silences of one peer before it is asked for nothing more. */
const PEER_TRIES = 3;
/** For word of a piece that another device fetches. */
const AWAIT_MS = 60_000;

export interface GatheringOptions {
  /** In the order of the pack. */
  readonly pieces: readonly StagePiece[];
  readonly label: string;
  readonly card: OriginCard | null;
  readonly origin: Origin | null;
  readonly shelf: Shelf;
  readonly clock: Clock;
  readonly ask: (
    peer: PeerId,
    hash: Sha256,
    length: number,
    signal: AbortSignal,
  ) => Promise<Uint8Array<ArrayBuffer>>;
  readonly events: GatheringEvents;
  readonly signal: AbortSignal;
}

export interface GatheringEvents {
  /** Bytes of pieces that are here, begun ones included. */
  progress(bytes: number): void;
  /** A piece is here and verified. */
  held(id: number, hash: Sha256): void;
  /** `from` sent something else than the piece; it is fetched elsewhere. */
  corrupt(id: number, from: PeerId): void;
  /** The device's storage is full: the rest stays in memory and has to come again next time. */
  full(error: StorageFullError): void;
}

interface Item {
  readonly piece: StagePiece;
  hash: Sha256 | null;
  holders: PeerId[];
  awaited: boolean;
  state: 'open' | 'busy' | 'here';
  blob: Blob | null;
  /** Times the origin gave something else. */
  mismatches: number;
}

/**
 * Brings the pieces of one stage to this device: from its own shelf, from peers that have them, from the origin.
 * Each is verified before it counts. What fails at one source is tried at the next.
 */
export class Gathering {
  readonly #options: GatheringOptions;
  readonly #items: readonly Item[];
  readonly #byId: ReadonlyMap<number, Item>;
  readonly #asking = new Map<PeerId, number>();
  readonly #failures = new Map<PeerId, number>();
  readonly #corrupt = new Set<PeerId>();
  readonly #stop = new AbortController();
  readonly #blobs: Promise<readonly Blob[]>;
  #settle: { resolve: (blobs: readonly Blob[]) => void; reject: (error: unknown) => void };
  #lanes = 0;
  #originTries = 0;
  #originError: unknown = null;
  #originPaused = false;
  #lastError: unknown = null;
  #timers = new Set<number>();
  #bytes = 0;
  #full = false;

  constructor(options: GatheringOptions) {
    this.#options = options;
    this.#items = options.pieces.map((piece) => ({
      piece,
      hash: piece.hash,
      holders: [...piece.holders],
      awaited: piece.awaited,
      state: 'open',
      blob: null,
      mismatches: 0,
    }));
    this.#byId = new Map(this.#items.map((item) => [item.piece.id, item]));
    this.#settle = { resolve: () => undefined, reject: () => undefined };
    this.#blobs = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    const abort = (): void => this.#end(options.signal.reason);
    if (options.signal.aborted) abort();
    else options.signal.addEventListener('abort', abort, { signal: this.#stop.signal });
    void this.#begin();
  }

  /** The pieces in the order of the pack. @throws FetchError, ProtocolError, or the signal's reason. */
  get blobs(): Promise<readonly Blob[]> {
    return this.#blobs;
  }

  /** News of awaited pieces. */
  told(pieces: readonly ToldPiece[]): void {
    for (const { id, hash, holders } of pieces) {
      const item = this.#byId.get(id);
      if (!item) continue;
      item.hash ??= hash;
      item.holders = [...holders];
      item.awaited = false;
    }
    this.#pump();
  }

  peerDown(peer: PeerId): void {
    for (const item of this.#items) item.holders = item.holders.filter((holder) => holder !== peer);
    this.#pump();
  }

  async #begin(): Promise<void> {
    const { card, shelf } = this.#options;
    const known = card && (await recallManifest(shelf.store, card));
    for (const item of this.#items) {
      if (this.#stop.signal.aborted) return;
      const { at, length } = item.piece;
      if (at) item.hash ??= known?.hashOf({ ...at, length }) ?? null;
      const blob = item.hash && (await shelf.find(item.hash));
      if (blob && item.hash) this.#here(item, item.hash, blob);
    }
    this.#options.events.progress(this.#bytes);
    this.#later(AWAIT_MS, () => {
      for (const item of this.#items) item.awaited = false;
      this.#pump();
    });
    this.#pump();
  }

  /** Starts whatever may start; ends when all is here or nothing more can come. */
  #pump(): void {
    if (this.#stop.signal.aborted) return;
    const open = this.#items.filter(({ state }) => state === 'open');
    if (open.length === 0 && this.#items.every(({ state }) => state === 'here')) return void this.#finish();
    for (const item of open) this.#askPeer(item);
    this.#askOrigin();
    const waiting = this.#lanes > 0 || this.#originPaused || [...this.#asking.values()].some((n) => n > 0);
    if (waiting || open.some(({ awaited }) => awaited)) return;
    if (this.#items.some(({ state }) => state === 'open')) this.#end(this.#nothingLeft());
  }

  #askPeer(item: Item): void {
    const { ask } = this.#options;
    const { hash } = item;
    if (!hash) return;
    const peer = item.holders.find((holder) => (this.#asking.get(holder) ?? 0) < ASKS_PER_PEER && this.#usable(holder));
    if (peer === undefined) return;
    item.state = 'busy';
    this.#asking.set(peer, (this.#asking.get(peer) ?? 0) + 1);
    const job = async (): Promise<void> => {
      const bytes = await ask(peer, hash, item.piece.length, this.#stop.signal);
      if ((await this.#options.shelf.digest(bytes)) === hash) return this.#take(item, hash, bytes);
      this.#corrupt.add(peer);
      this.#options.events.corrupt(item.piece.id, peer);
    };
    void job()
      .catch((error: unknown) => {
        this.#lastError = error;
        this.#failures.set(peer, (this.#failures.get(peer) ?? 0) + 1);
      })
      .finally(() => {
        this.#asking.set(peer, (this.#asking.get(peer) ?? 1) - 1);
        if (item.state === 'busy') {
          item.state = 'open';
          item.holders = item.holders.filter((holder) => holder !== peer);
        }
        this.#pump();
      });
  }

  #usable(peer: PeerId): boolean {
    return !this.#corrupt.has(peer) && (this.#failures.get(peer) ?? 0) < PEER_TRIES;
  }

  #askOrigin(): void {
    const { origin } = this.#options;
    while (origin && !this.#originError && !this.#originPaused && this.#lanes < ORIGIN_LANES) {
      const run = firstRun(this.#forOrigin());
      if (!run) return;
      for (const { id } of run) this.#setState(id, 'busy');
      this.#lanes += 1;
      void this.#fetch(origin, run)
        .catch((error: unknown) => this.#originFailed(error))
        .finally(() => {
          this.#lanes -= 1;
          for (const { id } of run) if (this.#byId.get(id)?.state === 'busy') this.#setState(id, 'open');
          this.#pump();
        });
    }
  }

  /** Open pieces that no peer can give, in the order of their places at the origin. */
  #forOrigin(): OriginPiece[] {
    const pieces = this.#items.flatMap(({ piece, state, awaited, hash, holders }) => {
      const elsewhere = awaited || (hash && holders.some((holder) => this.#usable(holder)));
      return state === 'open' && piece.at && !elsewhere ? [{ ...piece, at: piece.at }] : [];
    });
    return pieces.sort((a, b) => a.at.file - b.at.file || a.at.offset - b.at.offset);
  }

  async #fetch(origin: Origin, run: OriginRun): Promise<void> {
    const { shelf, events, card } = this.#options;
    const file = card?.files[run[0].at.file]?.name ?? '';
    const stream = origin.read(file, run[0].at.offset, runBytes(run), this.#stop.signal);
    let begun = 0;
    const onBytes = (count: number): void => {
      begun += count;
      events.progress(this.#bytes + begun);
    };
    for await (const { piece, bytes } of piecesOfRun(run, stream, onBytes)) {
      const item = this.#byId.get(piece.id);
      if (!item || this.#stop.signal.aborted) return;
      const hash = await shelf.digest(bytes);
      begun -= bytes.byteLength;
      if (item.hash && item.hash !== hash) {
        item.mismatches += 1;
        if (item.mismatches > 1) throw changed(card, item.hash, hash);
        item.state = 'open';
        continue;
      }
      this.#originTries = 0;
      await this.#take(item, hash, bytes);
    }
  }

  #originFailed(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#lastError = error;
    this.#originTries += 1;
    const hopeless = !(error instanceof PotluckError && error.data.retry === true);
    if (hopeless || this.#originTries >= ORIGIN_TRIES) {
      this.#originError = error;
      return;
    }
    this.#originPaused = true;
    this.#later(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#originTries - 1)), () => {
      this.#originPaused = false;
      this.#pump();
    });
  }

  async #take(item: Item, hash: Sha256, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { shelf, label, events } = this.#options;
    try {
      if (!this.#full) return this.#here(item, hash, await shelf.keep(label, hash, bytes));
    } catch (error) {
      if (!(error instanceof StorageFullError)) throw error;
      this.#full = true;
      events.full(error);
    }
    const blob = new Blob([bytes]);
    shelf.lay(label, hash, blob);
    this.#here(item, hash, blob);
  }

  #here(item: Item, hash: Sha256, blob: Blob): void {
    item.hash = hash;
    item.blob = blob;
    item.state = 'here';
    this.#bytes += item.piece.length;
    this.#options.events.held(item.piece.id, hash);
    this.#options.events.progress(this.#bytes);
  }

  #setState(id: number, state: Item['state']): void {
    const item = this.#byId.get(id);
    if (item) item.state = state;
  }

  async #finish(): Promise<void> {
    const blobs = this.#items.flatMap(({ blob }) => blob ?? []);
    await this.#rememberHashes();
    this.#close();
    this.#settle.resolve(blobs);
  }

  #end(reason: unknown): void {
    void this.#rememberHashes();
    this.#close();
    this.#settle.reject(reason);
  }

  #close(): void {
    for (const timer of this.#timers) this.#options.clock.clearTimeout(timer);
    this.#timers.clear();
    this.#stop.abort(new Error('the stage is gathered or given up'));
  }

  #later(ms: number, run: () => void): void {
    const timer = this.#options.clock.setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }

  #nothingLeft(): unknown {
    const missing = this.#items.filter(({ state }) => state !== 'here');
    const bytes = missing.reduce((sum, { piece }) => sum + piece.length, 0);
    if (this.#originError) return this.#originError;
    const last = this.#lastError ? ` The last answer: ${messageOf(this.#lastError)}` : '';
    return new FetchError(
      `${missing.length} pieces of these layers (${bytes} bytes) are on no device that is here. Open the model again.${last}`,
      {
        step: 'gather its layers',
        expected: `${this.#items.length} pieces`,
        actual: `${this.#items.length - missing.length}`,
      },
    );
  }

  async #rememberHashes(): Promise<void> {
    const { card, shelf } = this.#options;
    if (!card) return;
    const learned = this.#items.flatMap(({ piece, hash, state }): [PlaceAtOrigin, Sha256][] =>
      hash && piece.at && state === 'here' ? [[{ ...piece.at, length: piece.length }, hash]] : [],
    );
    await rememberManifest(shelf.store, card, learned);
  }
}

function changed(card: OriginCard | null, expected: string, actual: string): FetchError {
  const host = card ? new URL(card.url).host : 'The origin';
  return new FetchError(
    `${host} sends other bytes than before: the model there was changed, or damaged on the way. Open it again.`,
    { step: 'verify the weights', expected: `SHA-256 ${expected}`, actual },
  );
}
