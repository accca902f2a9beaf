import { ProtocolError } from '../errors.ts';
import type { PeerId, Sha256 } from '../ids.ts';
import type { StagePiece } from '../protocol/messages.ts';
import type { Answer } from './ask.ts';
import type { Digest } from './digest.ts';
import { Gathering } from './gathering.ts';
import { MemoryOrigin, type MemoryOriginOptions } from './memory-origin.ts';
import type { PieceStore } from './piece-store.ts';
import { Shelf } from './shelf.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** How a peer answers one wish, after some time. */
export interface PeerReply {
  readonly ms: number;
  /** `silent`: what the exchange makes of no answer at all. */
  readonly kind: 'bytes' | 'damaged' | 'refused' | 'silent';
}

export interface SceneOptions {
  readonly clock: VirtualClock;
  readonly digest: Digest;
  readonly store: PieceStore;
  /** Of each piece. */
  readonly lengths: readonly number[];
  /** Between two pieces at the origin. */
  readonly gapBytes?: number;
  /** What the bytes of a piece are made from; its number where not told. Equal seeds make equal pieces. */
  readonly seedOf?: (id: number) => number;
  readonly origin?: Omit<MemoryOriginOptions, 'files' | 'clock'> | null;
  readonly reply?: (peer: PeerId, id: number) => PeerReply;
}

/** A device that gathers one stage in virtual time, from an origin and from peers that do as they are told. */
export class GatheringScene {
  readonly #options: SceneOptions;
  readonly #bytes: readonly Uint8Array<ArrayBuffer>[];
  readonly shelf: Shelf;
  readonly origin: MemoryOrigin | null;
  /** As at the origin, with no peers and no hashes. */
  readonly pieces: readonly StagePiece[];
  readonly progress: number[] = [];
  readonly held: [id: number, hash: Sha256][] = [];
  readonly corrupt: [id: number, from: PeerId][] = [];
  readonly full: string[] = [];
  readonly asked: [peer: PeerId, id: number][] = [];
  readonly #open = new Map<PeerId, number>();
  mostAsks = 0;
  mostAsksOfOnePeer = 0;

  constructor(options: SceneOptions) {
    const { lengths, gapBytes = 0, seedOf = (id) => id, clock, store, digest, origin } = options;
    this.#options = options;
    this.#bytes = lengths.map((length, id) => randomBytes(seedOf(id), length));
    this.shelf = new Shelf(store, digest);
    const places = lengths.map((_, id) =>
      lengths.slice(0, id).reduce((at, length) => at + length + gapBytes, 0),
    );
    const file = new Uint8Array((places.at(-1) ?? 0) + (lengths.at(-1) ?? 0));
    for (const [id, bytes] of this.#bytes.entries()) file.set(bytes, places[id] ?? 0);
    this.origin =
      origin === null ? null : new MemoryOrigin({ ...origin, clock, files: new Map([['', file]]) });
    this.pieces = lengths.map((length, id) => ({
      id,
      length,
      hash: null,
      at: origin === null ? null : { file: 0, offset: places[id] ?? 0 },
      holders: [],
      awaited: false,
    }));
  }

  get totalBytes(): number {
    return this.pieces.reduce((sum, { length }) => sum + length, 0);
  }

  bytesOf(id: number): Uint8Array<ArrayBuffer> {
    return (this.#bytes[id] ?? new Uint8Array()).slice();
  }

  hashOf(id: number): Promise<Sha256> {
    return this.shelf.digest(this.bytesOf(id));
  }

  /** The pieces with their hashes, held by these. */
  async heldBy(...holders: PeerId[]): Promise<StagePiece[]> {
    return Promise.all(
      this.pieces.map(async (piece) => ({ ...piece, hash: await this.hashOf(piece.id), holders })),
    );
  }

  /** The whole pack. */
  get pack(): Uint8Array<ArrayBuffer> {
    const pack = new Uint8Array(this.totalBytes);
    let at = 0;
    for (const bytes of this.#bytes) {
      pack.set(bytes, at);
      at += bytes.byteLength;
    }
    return pack;
  }

  gathering(pieces: readonly StagePiece[] = this.pieces, signal?: AbortSignal): Gathering {
    return new Gathering({
      pieces,
      label: 'model',
      source: this.origin && { card: this.origin.card, origin: this.origin },
      shelf: this.shelf,
      clock: this.#options.clock,
      ask: (peer, hash, length, stop) => this.#ask(peer, hash, length, stop),
      events: {
        progress: (bytes) => this.progress.push(bytes),
        held: (id, hash) => this.held.push([id, hash]),
        corrupt: (id, from) => this.corrupt.push([id, from]),
        full: (message) => this.full.push(message),
      },
      signal: signal ?? new AbortController().signal,
    });
  }

  async #ask(peer: PeerId, hash: Sha256, length: number, signal: AbortSignal): Promise<Answer> {
    const hashes = await Promise.all(this.pieces.map(({ id }) => this.hashOf(id)));
    const id = hashes.indexOf(hash);
    this.asked.push([peer, id]);
    this.#count(peer, 1);
    try {
      const { reply } = this.#options;
      const { ms, kind } = reply?.(peer, id) ?? { ms: 5, kind: 'bytes' };
      await this.#options.clock.wait(ms, signal);
      if (kind === 'silent')
        throw new ProtocolError('A device did not send a piece.', { step: 'ask for weights' });
      if (kind === 'refused' || id < 0) return { kind: 'refused', reason: 'it is not here' };
      const bytes = this.bytesOf(id);
      if (bytes.byteLength !== length) throw new RangeError(`piece ${id} of ${length} bytes`);
      if (kind === 'damaged') bytes[0] = (bytes[0] ?? 0) ^ 1;
      return { kind: 'bytes', bytes };
    } finally {
      this.#count(peer, -1);
    }
  }

  #count(peer: PeerId, more: number): void {
    const open = (this.#open.get(peer) ?? 0) + more;
    this.#open.set(peer, open);
    this.mostAsksOfOnePeer = Math.max(this.mostAsksOfOnePeer, open);
    this.mostAsks = Math.max(
      this.mostAsks,
      [...this.#open.values()].reduce((sum, each) => sum + each, 0),
    );
  }
}

/** A linear congruential generator (Numerical Recipes): other bytes for each seed. */
function randomBytes(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = Math.imul(seed + 1, 2654435761) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
