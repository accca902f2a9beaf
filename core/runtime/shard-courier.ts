import { messageOf } from '../errors.ts';
import { initialStates } from '../graph/initial-states.ts';
import { makeShard } from '../graph/shard.ts';
import type { Shard } from '../graph/shard.types.ts';
import type { PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { LoadStage, TensorSample } from '../protocol/messages.ts';
import type { PlanView } from '../session/state.ts';
import type { PieceLedger } from '../weights/ledger.ts';
import type { Shelf } from '../weights/shelf.ts';
import type { Calibration } from './calibrate.ts';
import type { OpenModel } from './leader.ts';
import type { StageHost } from './stage-host.ts';
import { keptTerms, termsOf } from './terms.ts';

/** A stage's graph travels in pieces of this size; one is enough but for graphs with large tables inside. */
const GRAPH_PIECE_BYTES = 4 * 1024 ** 2;
/** A device that shows no progress for this long is given up; loading a stage of 1 GB took 20 s (facts.md F). */
const SILENCE_MS = 60_000;
/** Owner of the graphs of the present plan on the leader's shelf. */
const GRAPHS = 'graphs of the plan';

export type Delivery =
  | { readonly kind: 'ready' }
  /** Another plan is being delivered. */
  | { readonly kind: 'superseded' }
  | { readonly kind: 'failed'; readonly peer: PeerId; readonly step: string; readonly message: string };

/** A plan to be loaded, and all that its terms are made of. */
export interface Consignment {
  readonly plan: PlanView;
  readonly model: OpenModel;
  /** Names the model within this room. */
  readonly key: string;
  readonly ledger: PieceLedger;
  /** What stands at each boundary when one item passes. */
  readonly samples: Calibration['boundarySamples'];
}

/** Terms that lack their pieces, which are assigned when they are sent. */
interface MadeTerms {
  readonly terms: LoadStage;
  readonly weights: Shard['weights'];
}

/** Waits for one holder. */
interface Errand {
  readonly terms: LoadStage;
  readonly settle: (delivery: Delivery) => void;
  watchdog: number;
}

/** Tells each holder of a plan what its stage is made of and where that is, and waits until all are ready. */
export class ShardCourier {
  readonly #network: Network;
  readonly #local: StageHost;
  readonly #shelf: Shelf;
  readonly #clock: Clock;
  readonly #errands = new Map<PeerId, Errand>();
  /** The shard that each device last said it had loaded. */
  readonly #held = new Map<PeerId, string>();
  /** Counts deliveries: the newest one counts. */
  #run = 0;

  constructor(network: Network, local: StageHost, shelf: Shelf, clock: Clock) {
    this.#network = network;
    this.#local = local;
    this.#shelf = shelf;
    this.#clock = clock;
  }

  /** Resolves when every stage is ready, or with the first failure. */
  async deliver(consignment: Consignment): Promise<Delivery> {
    const { plan, ledger } = consignment;
    for (const errand of this.#errands.values()) this.#clock.clearTimeout(errand.watchdog);
    this.#errands.clear();
    this.#shelf.clear(GRAPHS);
    ledger.newPlan();
    const run = ++this.#run;
    let stages: readonly MadeTerms[];
    try {
      const { graph, blocks } = consignment.model;
      const shards = plan.stages.map(({ start, end }) => makeShard(graph, blocks, start, end));
      stages = await Promise.all(shards.map((_, index) => this.#terms(consignment, shards, index)));
    } catch (error) {
      const message = messageOf(error);
      return { kind: 'failed', peer: this.#network.me, step: 'cut the model', message };
    }
    // A newer plan's terms may be on their way: these would undo them.
    if (run !== this.#run) return { kind: 'superseded' };
    const deliveries = plan.stages.map(async ({ peer }, index): Promise<Delivery> => {
      const made = stages[index];
      if (!made) throw new RangeError(`no terms for stage ${index}`);
      const { terms, weights } = made;
      // In the turn in which they are sent: news of pieces that comes later goes after them.
      const outcome = await this.#bring(peer, { ...terms, pieces: ledger.assign(peer, weights) });
      if (outcome.kind !== 'failed' || outcome.step !== 'reuse') return outcome;
      return this.#bring(peer, { ...terms, reuse: false, pieces: ledger.assign(peer, weights) });
    });
    return firstFailure(deliveries);
  }

  ready(peer: PeerId, epoch: number, stage: number): void {
    const errand = this.#errand(peer, epoch, stage);
    if (!errand) return;
    this.#held.set(peer, errand.terms.shard);
    errand.settle({ kind: 'ready' });
  }

  failed(peer: PeerId, epoch: number, stage: number, step: string, message: string): void {
    this.#held.delete(peer);
    this.#errand(peer, epoch, stage)?.settle({ kind: 'failed', peer, step, message });
  }

  /** The holder is at work on this epoch. */
  progressed(peer: PeerId, epoch: number): void {
    const errand = this.#errand(peer, epoch);
    if (!errand) return;
    this.#clock.clearTimeout(errand.watchdog);
    errand.watchdog = this.#watch(peer, errand.settle);
  }

  /** The device is gone, and what it held with it. */
  forget(peer: PeerId): void {
    this.#held.delete(peer);
    const gone = { kind: 'failed', peer, step: 'load its layers', message: 'the device left' } as const;
    this.#errands.get(peer)?.settle(gone);
  }

  async #terms(
    { plan, model, key, samples }: Consignment,
    shards: readonly Shard[],
    index: number,
  ): Promise<MadeTerms> {
    const stage = plan.stages[index];
    const shard = shards[index];
    if (!stage || !shard) throw new RangeError(`no stage ${index}`);
    const states = initialStates(model.card.inputs, model.blocks.states, model.card.dims);
    const kept = keptTerms(shards, index, states);
    const shardHash = await this.#shelf.digest(shard.model);
    const terms = termsOf(shard, {
      epoch: plan.epoch,
      stage: index,
      holders: plan.stages.map(({ peer }) => peer),
      model: key,
      label: model.card.name,
      shard: shardHash,
      graph: await this.#layGraph(shard.model),
      reuse: this.#held.get(stage.peer) === shardHash,
      pieces: [],
      origin: model.origin,
      ...(kept ? { kept } : {}),
      warmUp: warmUpFor(shard, samples),
    });
    return { terms, weights: shard.weights };
  }

  async #layGraph(bytes: Uint8Array<ArrayBuffer>): Promise<LoadStage['graph']> {
    const graph: LoadStage['graph'][number][] = [];
    for (let at = 0; at < bytes.byteLength; at += GRAPH_PIECE_BYTES) {
      const piece = bytes.slice(at, at + GRAPH_PIECE_BYTES);
      const hash = await this.#shelf.digest(piece);
      this.#shelf.lay(GRAPHS, hash, new Blob([piece]));
      graph.push({ hash, length: piece.byteLength });
    }
    return graph;
  }

  #bring(peer: PeerId, terms: LoadStage): Promise<Delivery> {
    if (!terms.reuse) this.#held.delete(peer);
    return new Promise((resolve) => {
      const settle = (delivery: Delivery): void => {
        const errand = this.#errands.get(peer);
        if (errand?.terms === terms) {
          this.#clock.clearTimeout(errand.watchdog);
          this.#errands.delete(peer);
        }
        resolve(delivery);
      };
      this.#errands.set(peer, { terms, settle, watchdog: this.#watch(peer, settle) });
      if (peer === this.#network.me) this.#local.prepare(terms);
      else this.#network.sendControl(peer, terms);
    });
  }

  #errand(peer: PeerId, epoch: number, stage?: number): Errand | undefined {
    const errand = this.#errands.get(peer);
    const same = errand?.terms.epoch === epoch && (stage === undefined || errand.terms.stage === stage);
    return same ? errand : undefined;
  }

  #watch(peer: PeerId, settle: (delivery: Delivery) => void): number {
    const message = `no progress for ${SILENCE_MS / 1000} s`;
    return this.#clock.setTimeout(
      () => settle({ kind: 'failed', peer, step: 'load its layers', message }),
      SILENCE_MS,
    );
  }
}

/** Does not wait for the others once one has failed. */
function firstFailure(deliveries: readonly Promise<Delivery>[]): Promise<Delivery> {
  return new Promise((resolve, reject) => {
    for (const delivery of deliveries) {
      delivery.then((outcome) => {
        if (outcome.kind === 'failed') resolve(outcome);
      }, reject);
    }
    Promise.all(deliveries).then(() => resolve({ kind: 'ready' }), reject);
  });
}

/** What each input of a stage was like when the model was measured; they are among what it receives. */
function warmUpFor(shard: Shard, samples: Calibration['boundarySamples']): readonly TensorSample[] {
  const received = samples[shard.start] ?? [];
  const known = shard.inputs.flatMap(({ name }) => {
    return received[shard.receives.findIndex((tensor) => tensor.name === name)] ?? [];
  });
  return known.length === shard.inputs.length ? known : [];
}
