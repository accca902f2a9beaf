import type { Piece } from '../graph/pieces.ts';
import type { PeerId, Sha256 } from '../ids.ts';
import type { HeldPiece, SparePiece, StagePiece, ToldPiece } from '../protocol/messages.ts';
import type { OriginCard } from '../protocol/origin-card.ts';

/** More would only lengthen the message: a holder that fails is one of several. */
const MOST_HOLDERS = 4;

/** What came of word that a peer holds pieces. */
export interface LedgerNews {
  /** Whom to tell what: devices that await one of these pieces, or fetch it. */
  readonly tell: ReadonlyMap<PeerId, readonly ToldPiece[]>;
  /** Pieces whose hash was known to be another one. */
  readonly disputed: readonly number[];
}

/**
 * The leader's book of one model's pieces: their hashes, as far as anybody has had the bytes, who holds them,
 * and who fetches them from the origin, so that no two do. The first device that fetches a piece from the
 * origin vouches for its hash; from then on it is agreed.
 */
export class PieceLedger {
  readonly #pieces: readonly Piece[];
  readonly #fileAt: ReadonlyMap<string, number>;
  readonly #hashes: (Sha256 | null)[];
  readonly #holders = new Map<number, Set<PeerId>>();
  readonly #fetchers = new Map<number, PeerId>();
  readonly #awaiting = new Map<number, Set<PeerId>>();
  readonly #lasting: boolean;

  /** `lasting`: the origin stays when the leader goes; the server of the page may go with it. */
  constructor(
    pieces: readonly Piece[],
    card: OriginCard | null,
    hashes: readonly (Sha256 | null)[] = [],
    lasting = true,
  ) {
    this.#lasting = lasting;
    this.#pieces = pieces;
    this.#fileAt = new Map(card?.files.map(({ name }, at) => [name, at]));
    this.#hashes = pieces.map((_, id) => hashes[id] ?? null);
  }

  get hashes(): readonly (Sha256 | null)[] {
    return this.#hashes;
  }

  /** A new plan: whatever was being fetched for the one before is open again. */
  newPlan(): void {
    this.#fetchers.clear();
    this.#awaiting.clear();
  }

  /** The pieces of a stage as its holder is told of them. */
  assign(peer: PeerId, weights: readonly Piece[]): StagePiece[] {
    return weights.map((piece) => {
      const { id, length, file, offset } = piece;
      const fileAt = this.#fileAt.get(file);
      const holders = this.#holdersFor(id, peer);
      const fetcher = this.#fetchers.get(id);
      const mustFetch = holders.length === 0 && fileAt !== undefined;
      const awaited = mustFetch && fetcher !== undefined && fetcher !== peer;
      if (awaited) this.#await(id, peer);
      else if (mustFetch) this.#fetchers.set(id, peer);
      const at = fileAt === undefined ? null : { file: fileAt, offset };
      return { id, length, hash: this.#hashes[id] ?? null, at, holders, awaited };
    });
  }

  /** Bytes of these pieces that the device is not known to have. */
  missingBytes(peer: PeerId, weights: readonly Piece[]): number {
    const missing = weights.filter(({ id }) => !this.#holders.get(id)?.has(peer));
    return missing.reduce((sum, { length }) => sum + length, 0);
  }

  /** How many pieces neither an origin nor any device that is here is known to have. */
  get lacking(): number {
    return this.#pieces.filter(({ id, file }) => !this.#fileAt.has(file) && !this.#holders.get(id)?.size)
      .length;
  }

  /** Pieces that no lasting origin has, and at most one device, which is not `peer`. */
  scarce(peer: PeerId): SparePiece[] {
    return this.#pieces.flatMap(({ id, file, length }) => {
      const hash = this.#hashes[id];
      const had = this.#holders.get(id) ?? new Set();
      const safe = (this.#lasting && this.#fileAt.has(file)) || had.size > 1 || had.has(peer);
      return hash && !safe ? [{ id, hash, length, holders: [...had] }] : [];
    });
  }

  /** `peer` says that it has these pieces. */
  held(peer: PeerId, pieces: readonly HeldPiece[]): LedgerNews {
    const tell = new Map<PeerId, ToldPiece[]>();
    const disputed: number[] = [];
    for (const { id, hash } of pieces) {
      if (!this.#pieces[id]) continue;
      const agreed = this.#hashes[id];
      if (agreed && agreed !== hash) {
        disputed.push(id);
        if (this.#fetchers.get(id) === peer) this.#passOn(id, tell);
        continue;
      }
      this.#hashes[id] = hash;
      this.#holders.set(id, (this.#holders.get(id) ?? new Set()).add(peer));
      // It may come from an earlier plan or visit, and somebody else be about to fetch it.
      const fetcher = this.#fetchers.get(id);
      const others = [...(this.#awaiting.get(id) ?? []), ...(fetcher === undefined ? [] : [fetcher])];
      for (const other of others) if (other !== peer) this.#tell(tell, other, id);
      this.#awaiting.delete(id);
      this.#fetchers.delete(id);
    }
    return { tell, disputed };
  }

  /** `peer` sent something else for this piece: it is no longer asked for it. */
  corrupt(peer: PeerId, id: number): void {
    this.#holders.get(id)?.delete(peer);
  }

  /** A device left. What it was fetching, the first of those who wait fetches instead. */
  gone(peer: PeerId): ReadonlyMap<PeerId, readonly ToldPiece[]> {
    for (const holders of this.#holders.values()) holders.delete(peer);
    for (const waiting of this.#awaiting.values()) waiting.delete(peer);
    const tell = new Map<PeerId, ToldPiece[]>();
    for (const [id, fetcher] of this.#fetchers) if (fetcher === peer) this.#passOn(id, tell);
    return tell;
  }

  /** The fetcher of a piece fails: the first of those who wait for it takes its place. */
  #passOn(id: number, tell: Map<PeerId, ToldPiece[]>): void {
    this.#fetchers.delete(id);
    const waiting = this.#awaiting.get(id);
    const [heir] = waiting ?? [];
    if (heir === undefined) return;
    waiting?.delete(heir);
    this.#fetchers.set(id, heir);
    this.#tell(tell, heir, id);
  }

  #tell(tell: Map<PeerId, ToldPiece[]>, peer: PeerId, id: number): void {
    const news = tell.get(peer) ?? [];
    news.push({ id, hash: this.#hashes[id] ?? null, holders: this.#holdersFor(id, peer) });
    tell.set(peer, news);
  }

  #await(id: number, peer: PeerId): void {
    this.#awaiting.set(id, (this.#awaiting.get(id) ?? new Set()).add(peer));
  }

  #holdersFor(id: number, peer: PeerId): PeerId[] {
    return [...(this.#holders.get(id) ?? [])].filter((holder) => holder !== peer).slice(0, MOST_HOLDERS);
  }
}
