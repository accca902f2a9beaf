import { messageOf } from '../errors.ts';
import type { PeerId, Sha256 } from '../ids.ts';
import type { Answer } from './ask.ts';
import type { PieceState, StagePieces } from './stage-pieces.ts';

/** Pieces asked of one peer at a time: the next is on its way while one is hashed and stored. */
const ASKS_PER_PEER = 2;
/** Of all peers: each may arrive whole at the same moment, and is in memory until it is stored. */
const MOST_ASKS = 6;
/** Failures of one peer in a row before it is asked for nothing more. */
const PEER_TRIES = 3;

export interface PeerLanesOptions {
  readonly pieces: StagePieces;
  readonly ask: (peer: PeerId, hash: Sha256, length: number, signal: AbortSignal) => Promise<Answer>;
  readonly digest: (bytes: Uint8Array<ArrayBuffer>) => Promise<Sha256>;
  /** Takes a verified piece. */
  readonly take: (piece: PieceState, hash: Sha256, bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  readonly corrupt: (piece: PieceState, from: PeerId) => void;
  /** A lane is free again. */
  readonly freed: () => void;
  readonly signal: AbortSignal;
}

/** Fetches pieces from the devices that have them. */
export class PeerLanes {
  readonly #options: PeerLanesOptions;
  readonly #asks = new Map<PeerId, number>();
  readonly #failures = new Map<PeerId, number>();
  readonly #liars = new Set<PeerId>();
  #busy = 0;
  #lastFailure: string | null = null;

  constructor(options: PeerLanesOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#busy > 0;
  }

  /** Why the last piece that was asked for did not come. */
  get lastFailure(): string | null {
    return this.#lastFailure;
  }

  /** True when a peer is left that may give this piece. */
  canGive({ hash, holders }: PieceState): boolean {
    return hash !== null && holders.some((holder) => this.#isUsable(holder));
  }

  /** Asks for as many pieces as may be asked for now. */
  start(): void {
    for (const piece of this.#options.pieces.open) {
      if (this.#busy >= MOST_ASKS) return;
      const { hash, holders } = piece;
      const peer = holders.find((holder) => this.#isUsable(holder) && this.#asksOf(holder) < ASKS_PER_PEER);
      if (hash && peer !== undefined) void this.#fetch(piece, hash, peer);
    }
  }

  async #fetch(piece: PieceState, hash: Sha256, peer: PeerId): Promise<void> {
    const { ask, signal, pieces, freed } = this.#options;
    piece.phase = 'busy';
    this.#busy += 1;
    this.#asks.set(peer, this.#asksOf(peer) + 1);
    try {
      const answer = await ask(peer, hash, piece.length, signal);
      if (answer.kind === 'bytes') await this.#check(piece, hash, peer, answer.bytes);
      else {
        this.#failed(peer, `The device that was asked refused: ${answer.reason}.`);
        piece.holders = piece.holders.filter((holder) => holder !== peer);
      }
    } catch (error) {
      this.#failed(peer, messageOf(error));
      // Where others have it too, they come first.
      piece.holders = [...piece.holders].sort((a, b) => Number(a === peer) - Number(b === peer));
    } finally {
      this.#busy -= 1;
      this.#asks.set(peer, this.#asksOf(peer) - 1);
      if (piece.phase === 'busy') pieces.reopen(piece);
      freed();
    }
  }

  async #check(piece: PieceState, hash: Sha256, peer: PeerId, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { digest, take, corrupt, signal } = this.#options;
    const actual = await digest(bytes);
    if (signal.aborted) return;
    if (actual === hash) {
      this.#failures.delete(peer);
      await take(piece, hash, bytes);
    } else {
      this.#liars.add(peer);
      this.#lastFailure = 'A device sent damaged bytes.';
      corrupt(piece, peer);
    }
  }

  #failed(peer: PeerId, message: string): void {
    this.#lastFailure = message;
    this.#failures.set(peer, (this.#failures.get(peer) ?? 0) + 1);
  }

  #isUsable(peer: PeerId): boolean {
    return !this.#liars.has(peer) && (this.#failures.get(peer) ?? 0) < PEER_TRIES;
  }

  #asksOf(peer: PeerId): number {
    return this.#asks.get(peer) ?? 0;
  }
}
