import type { PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { HeldPiece, LoadStage, StagePiece, ToldPiece } from '../protocol/messages.ts';
import type { Progress } from '../session/state.ts';
import type { PieceExchange } from '../weights/exchange.ts';
import { Gathering } from '../weights/gathering.ts';
import type { OriginFactory } from '../weights/origin.ts';
import { Rate } from '../weights/rate.ts';
import type { Shelf } from '../weights/shelf.ts';
import type { StageModel } from './stage-executor.ts';

/** Word of pieces goes to the leader this often while they come. */
const TELL_EVERY_MS = 250;
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

/** Gathers the graph and the pieces of the stage that the leader's terms describe. One stage at a time. */
export class StageGatherer {
  readonly #options: StageGathererOptions;
  #current: { readonly model: string; readonly gathering: Gathering } | undefined;

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
    const graph = terms.graph.map(
      ({ hash, length }, at): StagePiece => ({
        id: FIRST_GRAPH_ID + at,
        length,
        hash,
        at: null,
        holders: [leader],
        awaited: false,
      }),
    );
    const pieces = [...graph, ...terms.pieces];
    const total = pieces.reduce((sum, { length }) => sum + length, 0);
    const rate = new Rate();
    const held = new HeldReport(clock, (news) => events.held(terms.model, news));
    const gathering = new Gathering({
      pieces,
      label: terms.label,
      card: terms.origin,
      origin: terms.origin && origins(terms.origin),
      shelf,
      clock,
      ask: (peer, hash, length, stop) => exchange.ask(peer, hash, length, stop),
      signal,
      events: {
        progress: (bytes) => {
          rate.add(clock.now(), bytes);
          tell(progressOf(bytes, total, rate.secondsLeft(total)));
        },
        held: (id, hash) => {
          if (id >= 0) held.add({ id, hash });
        },
        corrupt: (id, from) => events.corrupt(terms.model, id, from),
        full: (error) => events.full(error.message),
      },
    });
    const current = { model: terms.model, gathering };
    this.#current = current;
    try {
      const blobs = await gathering.blobs;
      held.flush();
      const model = new Uint8Array(await new Blob(blobs.slice(0, graph.length)).arrayBuffer());
      const weights = blobs.slice(graph.length);
      const { inputs, outputs } = terms;
      return { model, weights: weights.length > 0 ? new Blob(weights) : null, inputs, outputs };
    } finally {
      held.flush();
      if (this.#current === current) this.#current = undefined;
    }
  }

  told(model: string, pieces: readonly ToldPiece[]): void {
    if (this.#current?.model === model) this.#current.gathering.told(pieces);
  }

  peerDown(peer: PeerId): void {
    this.#current?.gathering.peerDown(peer);
  }
}

/** Collects word of pieces, so that a stage of small ones does not cost a message each. */
class HeldReport {
  readonly #clock: Clock;
  readonly #send: (pieces: readonly HeldPiece[]) => void;
  #pieces: HeldPiece[] = [];
  #timer: number | undefined;

  constructor(clock: Clock, send: (pieces: readonly HeldPiece[]) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  add(piece: HeldPiece): void {
    this.#pieces.push(piece);
    this.#timer ??= this.#clock.setTimeout(() => this.flush(), TELL_EVERY_MS);
  }

  flush(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pieces.length > 0) this.#send(this.#pieces);
    this.#pieces = [];
  }
}

function progressOf(bytesDone: number, bytesTotal: number, secondsLeft: number | undefined): Progress {
  return {
    step: 'Receiving its layers',
    fraction: bytesTotal > 0 ? bytesDone / bytesTotal : null,
    bytesDone,
    bytesTotal,
    ...(secondsLeft === undefined ? {} : { secondsLeft }),
  };
}
