import type { PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { HeldPiece, LoadStage, StagePiece, ToldPiece } from '../protocol/messages.ts';
import type { Progress } from '../session/state.ts';
import type { PieceExchange } from '../weights/exchange.ts';
import { Gathering } from '../weights/gathering.ts';
import type { OriginFactory } from '../weights/origin.ts';
import type { Shelf } from '../weights/shelf.ts';
import { GatherProgress } from './gather-progress.ts';
import { HeldReport } from './held-report.ts';
import type { StageModel } from './stage-executor.ts';

/** As many pieces of a stage's graph as `load-stage` may name; their numbers are below those of the weights. */
const FIRST_GRAPH_ID = -64;

export interface StageGathererOptions {
  readonly clock: Clock;
  readonly shelf: Shelf;
  readonly exchange: PieceExchange;
  readonly origins: OriginFactory;
  readonly events: {
    held(model: string, pieces: readonly HeldPiece[]): void;
    corrupt(model: string, id: number, from: PeerId): void;
    full(message: string): void;
  };
}

/** Gathers the graph and the pieces of the stages that the leader's terms describe. */
export class StageGatherer {
  readonly #options: StageGathererOptions;
  /** The model of the last stage. */
  #model: string | undefined;
  readonly #under: Set<{ readonly model: string; readonly gathering: Gathering }> = new Set();

  constructor(options: StageGathererOptions) {
    this.#options = options;
  }

  /** `leader` has the stage's graph. */
  async gather(
    terms: LoadStage,
    leader: PeerId,
    tell: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<StageModel> {
    const { clock, shelf, exchange, origins, events } = this.#options;
    // The stage of another model is gone, and its pieces need not stay where there is little room.
    if (this.#model !== terms.model) await shelf.store.release();
    this.#model = terms.model;
    const pieces = [...graphPieces(terms, leader), ...terms.pieces];
    const total = pieces.reduce((sum, { length }) => sum + length, 0);
    const source = terms.origin && { card: terms.origin, origin: origins(terms.origin) };
    const progress = new GatherProgress(clock, total, tell);
    const held = new HeldReport(clock, (news) => events.held(terms.model, news));
    const gathering = new Gathering({
      pieces,
      label: terms.label,
      source,
      shelf,
      clock,
      ask: (peer, hash, length, stop) => exchange.ask(peer, hash, length, stop),
      signal,
      events: {
        progress: (bytes) => progress.at(bytes),
        held: (id, hash) => {
          if (id >= 0) held.add({ id, hash });
        },
        corrupt: (id, from) => events.corrupt(terms.model, id, from),
        full: (message) => events.full(message),
      },
    });
    const current = { model: terms.model, gathering };
    this.#under.add(current);
    try {
      const blobs = await gathering.gather();
      const model = new Uint8Array(await new Blob(blobs.slice(0, terms.graph.length)).arrayBuffer());
      const weights = blobs.slice(terms.graph.length);
      const { inputs, outputs } = terms;
      return { model, weights: weights.length > 0 ? new Blob(weights) : null, inputs, outputs };
    } finally {
      progress.end();
      held.flush();
      this.#under.delete(current);
    }
  }

  told(model: string, pieces: readonly ToldPiece[]): void {
    for (const each of this.#under) if (each.model === model) each.gathering.told(pieces);
  }

  peerDown(peer: PeerId): void {
    for (const { gathering } of this.#under) gathering.peerDown(peer);
  }
}

/** The stage's own graph comes first: it is small, and the weights are of no use without it. */
function graphPieces({ graph }: LoadStage, leader: PeerId): StagePiece[] {
  return graph.map(({ hash, length }, at) => ({
    id: FIRST_GRAPH_ID + at,
    length,
    hash,
    at: null,
    holders: [leader],
    awaited: false,
  }));
}
