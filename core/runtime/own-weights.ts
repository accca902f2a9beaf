import type { PeerId } from '../ids.ts';
import type { HeldPiece, LoadStage } from '../protocol/messages.ts';
import type { FilePiece, Progress } from '../session/state.ts';
import { PieceExchange } from '../weights/exchange.ts';
import { fetchFile } from '../weights/file-pieces.ts';
import type { OriginFactory } from '../weights/origin.ts';
import type { Shelf } from '../weights/shelf.ts';
import type { MemberBase } from './member-base.ts';
import type { StageModel } from './stage-executor.ts';
import { StageGatherer } from './stage-gatherer.ts';
import type { ToLeader } from './to-leader.ts';

export interface OwnWeightsOptions extends MemberBase {
  readonly shelf: Shelf;
  readonly origins: OriginFactory;
}

/** The weights and files of this device: on its shelf, on their way to it, and for others to fetch. */
export class OwnWeights {
  readonly shelf: Shelf;
  readonly exchange: PieceExchange;
  readonly gatherer: StageGatherer;
  readonly #toLeader: ToLeader;

  constructor({ network, clock, shelf, origins, emit, toLeader }: OwnWeightsOptions) {
    this.#toLeader = toLeader;
    this.shelf = shelf;
    this.exchange = new PieceExchange(network, clock, shelf);
    this.gatherer = new StageGatherer({
      clock,
      shelf,
      exchange: this.exchange,
      origins,
      events: {
        held: (model, pieces) => toLeader.tell({ type: 'pieces-held', model, pieces }),
        corrupt: (model, id, from) => toLeader.tell({ type: 'piece-corrupt', model, id, from }),
        full: (message) => emit({ type: 'NoticeRaised', tone: 'warn', message, at: clock.now() }),
      },
    });
  }

  /** The graph and weights of a stage that the leader described. */
  gather(
    terms: LoadStage,
    signal: AbortSignal,
    tell: (progress: Progress) => void = () => undefined,
  ): Promise<StageModel> {
    return this.gatherer.gather(terms, this.#toLeader.owner, tell, signal);
  }

  /** A file of the model that the leader or these owners have, kept under this label. @throws what {@link fetchFile} throws. */
  file(
    pieces: readonly FilePiece[],
    label: string,
    signal: AbortSignal,
    owners: readonly PeerId[] = [this.#toLeader.owner],
  ): Promise<Blob> {
    return fetchFile(pieces, { shelf: this.shelf, exchange: this.exchange, owners, label, signal });
  }

  /** Tells the leader which of these pieces this device has kept from earlier visits. */
  async lookFor(model: string, pieces: readonly HeldPiece[]): Promise<void> {
    const found: HeldPiece[] = [];
    for (const piece of pieces) if (await this.shelf.peek(piece.hash)) found.push(piece);
    if (found.length > 0) this.#toLeader.tell({ type: 'pieces-held', model, pieces: found });
  }

  peerDown(peer: PeerId): void {
    this.exchange.peerDown(peer);
    this.gatherer.peerDown(peer);
  }
}
