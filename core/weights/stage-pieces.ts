import type { PeerId, Sha256 } from '../ids.ts';
import type { StagePiece, ToldPiece } from '../protocol/messages.ts';
import type { OriginCard } from '../protocol/origin-card.ts';

/** One piece of a stage on its way here. Identical pieces of a model are two that have one hash. */
export interface PieceState {
  readonly id: number;
  readonly length: number;
  /** Null where the origin does not have it. */
  readonly at: StagePiece['at'];
  /** Null while nobody that this device knows of has had the bytes. */
  hash: Sha256 | null;
  holders: readonly PeerId[];
  /** Another device fetches it from the origin: word of it will come. */
  awaited: boolean;
  /** `busy`: a source is sending it. */
  phase: 'open' | 'busy' | 'here';
  /** Bytes of it that have come. */
  bytes: number;
  blob: Blob | null;
}

/** What this device knows and has of each piece of a stage. Counts bytes; fetches nothing. */
export class StagePieces {
  /** In the order of the pack. */
  readonly all: readonly PieceState[];
  readonly #progress: (bytes: number) => void;
  #bytes = 0;
  #mostBytes = 0;

  /** `progress` hears of bytes that are here, those of begun pieces included; the number never falls. */
  constructor(pieces: readonly StagePiece[], card: OriginCard | null, progress: (bytes: number) => void) {
    this.#progress = progress;
    this.all = pieces.map(({ id, length, at, hash, holders, awaited }) => ({
      id,
      length,
      at: at && card?.files[at.file] ? at : null,
      hash,
      holders,
      awaited,
      phase: 'open',
      bytes: 0,
      blob: null,
    }));
  }

  get open(): readonly PieceState[] {
    return this.all.filter(({ phase }) => phase === 'open');
  }

  get missing(): readonly PieceState[] {
    return this.all.filter(({ phase }) => phase !== 'here');
  }

  /** News from the leader: what the room agreed on counts more than what this device remembers. */
  told(news: readonly ToldPiece[]): void {
    const told = new Map(news.map((piece) => [piece.id, piece]));
    for (const piece of this.all) {
      const its = told.get(piece.id);
      if (!its || piece.phase === 'here') continue;
      piece.hash = its.hash ?? piece.hash;
      piece.holders = its.holders;
      piece.awaited = false;
    }
  }

  peerDown(peer: PeerId): void {
    for (const piece of this.all) piece.holders = piece.holders.filter((holder) => holder !== peer);
  }

  /** `count` more bytes of a piece have come. */
  grew(piece: PieceState, count: number): void {
    this.#count(piece, piece.bytes + count);
  }

  here(piece: PieceState, hash: Sha256, blob: Blob): void {
    piece.hash = hash;
    piece.blob = blob;
    piece.phase = 'here';
    this.#count(piece, piece.length);
  }

  /** The source that was sending it does so no more. */
  reopen(piece: PieceState): void {
    piece.phase = 'open';
    this.#count(piece, 0);
  }

  /** A broken transfer takes bytes back: people see the count stand still until they are here again. */
  #count(piece: PieceState, bytes: number): void {
    this.#bytes += bytes - piece.bytes;
    piece.bytes = bytes;
    if (this.#bytes <= this.#mostBytes) return;
    this.#mostBytes = this.#bytes;
    this.#progress(this.#bytes);
  }
}
