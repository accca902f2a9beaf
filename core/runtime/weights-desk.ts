import { packBlob } from '../graph/pack.ts';
import { type Piece, piecesOf } from '../graph/pieces.ts';
import type { PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { HeldPiece, ToldPiece } from '../protocol/messages.ts';
import { PieceLedger } from '../weights/ledger.ts';
import { forgetManifest, rememberManifest } from '../weights/manifest.ts';
import type { Member } from './member.ts';
import type { OpenModel } from './open-model.ts';

/** Owner of the ranges of picked files on the leader's shelf. */
const FILES = 'files of the model';

/** So many damaged pieces of one device may have been accidents on the way. */
const MOST_DOUBTS = 16;

export interface WeightsDeskOptions {
  readonly member: Member;
  readonly network: Network;
  readonly clock: Clock;
  /** A device sent what it should not have. */
  readonly suspect: (peer: PeerId) => void;
}

/** The leader's part in the way of weights: who has which piece, what it hashes to, and who must be told. */
export class WeightsDesk {
  readonly #options: WeightsDeskOptions;
  /** Names the model in messages about its pieces; another name for each opening, over reloads too. */
  #key = '';
  #ledger: PieceLedger = new PieceLedger([], null);
  readonly #doubts = new Map<PeerId, number>();

  constructor(options: WeightsDeskOptions) {
    this.#options = options;
  }

  get key(): string {
    return this.#key;
  }

  get ledger(): PieceLedger {
    return this.#ledger;
  }

  open(model: OpenModel): void {
    const { member, network, clock } = this.#options;
    this.#key = `${network.me}-${clock.now().toString(36)}`;
    const { graph, blocks, origin, hashes, card } = model;
    this.#ledger = new PieceLedger(piecesOf(graph, blocks).all, origin, hashes, card.source !== 'bundled');
    this.#doubts.clear();
    member.weights.shelf.clear(FILES);
    for (const { hash, blob } of model.beside ?? []) member.weights.shelf.lay(FILES, hash, blob);
    for (const peer of [network.me, ...network.peers()]) this.seek(peer);
  }

  drop(): void {
    this.#options.member.weights.shelf.clear(FILES);
  }

  /** Asks a device what it has of this model from earlier visits; this one too. */
  seek(peer: PeerId): void {
    this.#ask(
      peer,
      this.#ledger.hashes.flatMap((hash, id) => (hash ? [{ id, hash }] : [])),
    );
  }

  #ask(peer: PeerId, pieces: readonly HeldPiece[]): void {
    const { network, member } = this.#options;
    if (pieces.length === 0) return;
    if (peer === network.me) void member.weights.lookFor(this.#key, pieces);
    else network.sendControl(peer, { type: 'pieces-sought', model: this.#key, pieces });
  }

  held(peer: PeerId, model: string, pieces: readonly HeldPiece[]): void {
    // What was on its way for a leader before is as good, if it is the same.
    const same = pieces.filter(({ id, hash }) => model === this.#key || this.#ledger.hashes[id] === hash);
    const { tell, disputed } = this.#ledger.held(peer, same);
    this.#tell(tell);
    if (disputed.length > 0) this.#options.suspect(peer);
  }

  corrupt(model: string, id: number, from: PeerId): void {
    if (model !== this.#key) return;
    this.#ledger.corrupt(from, id);
    this.#options.suspect(from);
    // Nobody else has it: it may have been damaged on its way, and is there still.
    const doubts = (this.#doubts.get(from) ?? 0) + 1;
    this.#doubts.set(from, doubts);
    const hash = this.#ledger.hashes[id];
    if (hash && this.#ledger.lacking > 0 && doubts <= MOST_DOUBTS) this.#ask(from, [{ id, hash }]);
  }

  gone(peer: PeerId): void {
    this.#tell(this.#ledger.gone(peer));
  }

  /** Hashes what of the weights is on this device, so that everybody can verify what comes from here. */
  async vouch(model: OpenModel, signal: AbortSignal): Promise<void> {
    const { weights, me } = this.#options.member;
    const { shelf } = weights;
    for (const piece of piecesOf(model.graph, model.blocks).all) {
      signal.throwIfAborted();
      const blob = localPiece(model, piece);
      if (!blob) continue;
      const hash = await shelf.digest(new Uint8Array(await blob.arrayBuffer()));
      if (signal.aborted) return;
      shelf.lay(FILES, hash, blob);
      this.#ledger.held(me, [{ id: piece.id, hash }]);
    }
  }

  /** What the room learned of the pieces at the origin, for the next visit. */
  async remember({ origin, graph, blocks }: OpenModel): Promise<void> {
    if (!origin) return;
    const files = new Map(origin.files.map(({ name }, at) => [name, at]));
    const pieces = piecesOf(graph, blocks).all.flatMap(({ id, file, offset, length }) => {
      const hash = this.#ledger.hashes[id];
      return hash ? [[{ file: files.get(file) ?? 0, offset, length }, hash] as const] : [];
    });
    await rememberManifest(this.#options.member.weights.shelf.store, origin, pieces);
  }

  /** What earlier visits learned of that address is of another version. */
  async forget({ origin }: OpenModel): Promise<void> {
    if (origin) await forgetManifest(this.#options.member.weights.shelf.store, origin);
  }

  #tell(tell: ReadonlyMap<PeerId, readonly ToldPiece[]>): void {
    const { network, member } = this.#options;
    for (const [peer, pieces] of tell) {
      if (peer === network.me) member.weights.gatherer.told(this.#key, pieces);
      else network.sendControl(peer, { type: 'pieces-told', model: this.#key, pieces });
    }
  }
}

function localPiece({ blobOf, atHand }: OpenModel, piece: Piece): Blob | null {
  const bytes = atHand.get(piece.id);
  if (bytes) return new Blob([bytes]);
  return blobOf && packBlob([piece], blobOf);
}
