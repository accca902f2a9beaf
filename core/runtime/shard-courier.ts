import { messageOf } from '../errors.ts';
import { initialStates } from '../graph/initial-states.ts';
import { makeShard } from '../graph/shard.ts';
import type { Shard } from '../graph/shard.types.ts';
import type { PeerId } from '../ids.ts';
import { decoderIo } from '../language/decoder-io.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { Calibration } from '../protocol/calibration.ts';
import type { LoadStage, TensorSample } from '../protocol/messages.ts';
import { holdersOf } from '../session/holders.ts';
import type { PlanView } from '../session/state.ts';
import { layFile } from '../weights/file-pieces.ts';
import type { PieceLedger } from '../weights/ledger.ts';
import type { Shelf } from '../weights/shelf.ts';
import type { OpenModel } from './open-model.ts';
import type { StageHost } from './stage-host.ts';
import { keptTerms, termsOf } from './terms.ts';

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
  /** The plan in force goes on until this one runs. */
  readonly alongside: boolean;
}

/** Terms that lack their pieces, which are assigned when they are sent. */
interface MadeTerms {
  readonly terms: LoadStage;
  readonly weights: Shard['weights'];
}

/** Waits for one holder of one stage. */
interface Errand {
  readonly peer: PeerId;
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
  readonly #errands = new Map<string, Errand>();
  /** The shards that each device said it had loaded, and for which plan last. */
  readonly #held = new Map<PeerId, Map<string, number>>();
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
    const errands = plan.stages.flatMap((stage, index) => {
      const made = stages[index];
      if (!made) throw new RangeError(`no terms for stage ${index}`);
      return holdersOf(stage).map(({ peer }) => ({
        peer,
        ...made,
        reuse: this.#holds(peer, made.terms.shard),
      }));
    });
    // What stays is told first: a device that makes room for the rest then knows it.
    errands.sort((a, b) => Number(b.reuse) - Number(a.reuse));
    const deliveries = errands.map(async ({ peer, terms, weights, reuse }): Promise<Delivery> => {
      // In the turn in which they are sent: news of pieces that comes later goes after them.
      const outcome = await this.#bring(peer, { ...terms, reuse, pieces: ledger.assign(peer, weights) });
      if (outcome.kind !== 'failed' || outcome.step !== 'reuse') return outcome;
      return this.#bring(peer, { ...terms, reuse: false, pieces: ledger.assign(peer, weights) });
    });
    return firstFailure(deliveries);
  }

  /** What a device has to know to run a stage of a plan that others hold, outside it. */
  async termsFor(consignment: Consignment, index: number, peer: PeerId): Promise<LoadStage> {
    const { plan, model, ledger } = consignment;
    const shards = plan.stages.map(({ start, end }) => makeShard(model.graph, model.blocks, start, end));
    const { terms, weights } = await this.#terms(consignment, shards, index);
    return { ...terms, pieces: ledger.assign(peer, weights) };
  }

  /** Every holder of a plan that another leader brought has its stages still; one that has not will say so. */
  async assume(plan: PlanView, { graph, blocks }: OpenModel): Promise<void> {
    for (const stage of plan.stages) {
      const shard = await this.#shelf.digest(makeShard(graph, blocks, stage.start, stage.end).model);
      for (const { peer } of holdersOf(stage)) {
        this.#held.set(peer, (this.#held.get(peer) ?? new Map()).set(shard, plan.epoch));
      }
    }
  }

  /** This plan runs: every device has given up what it held for others. */
  running(epoch: number): void {
    for (const shards of this.#held.values()) {
      for (const [shard, last] of shards) if (last !== epoch) shards.delete(shard);
    }
  }

  ready(peer: PeerId, epoch: number, stage: number): void {
    const errand = this.#errands.get(keyOf(peer, stage));
    if (errand?.terms.epoch !== epoch) return;
    this.#held.set(peer, (this.#held.get(peer) ?? new Map()).set(errand.terms.shard, epoch));
    errand.settle({ kind: 'ready' });
  }

  failed(peer: PeerId, epoch: number, stage: number, step: string, message: string): void {
    this.#held.delete(peer);
    const errand = this.#errands.get(keyOf(peer, stage));
    if (errand?.terms.epoch === epoch) errand.settle({ kind: 'failed', peer, step, message });
  }

  /** The holder is at work on this epoch. */
  progressed(peer: PeerId, epoch: number): void {
    for (const errand of this.#errands.values()) {
      if (errand.peer !== peer || errand.terms.epoch !== epoch) continue;
      this.#clock.clearTimeout(errand.watchdog);
      errand.watchdog = this.#watch(peer, errand.settle);
    }
  }

  /** Nothing is brought any more. */
  close(): void {
    this.#run++;
    for (const errand of this.#errands.values()) this.#clock.clearTimeout(errand.watchdog);
    this.#errands.clear();
    this.#shelf.clear(GRAPHS);
  }

  /** The device is gone, and what it held with it. */
  forget(peer: PeerId): void {
    this.#held.delete(peer);
    const gone = { kind: 'failed', peer, step: 'load its layers', message: 'the device left' } as const;
    for (const errand of [...this.#errands.values()]) if (errand.peer === peer) errand.settle(gone);
  }

  #holds(peer: PeerId, shard: string): boolean {
    return this.#held.get(peer)?.has(shard) ?? false;
  }

  async #terms(
    { plan, model, key, samples, alongside }: Consignment,
    shards: readonly Shard[],
    index: number,
  ): Promise<MadeTerms> {
    const stage = plan.stages[index];
    const shard = shards[index];
    if (!stage || !shard) throw new RangeError(`no stage ${index}`);
    const states = initialStates(model.card.inputs, model.blocks.states, model.card.dims);
    const kept = keptTerms(shards, index, states);
    const last = index === shards.length - 1;
    const scores = last ? decoderIo(model.card)?.scores.name : undefined;
    const shardHash = await this.#shelf.digest(shard.model);
    const terms = termsOf(shard, {
      epoch: plan.epoch,
      stage: index,
      holders: plan.stages.map(holdersOf),
      model: key,
      label: model.card.name,
      shard: shardHash,
      graph: await layFile(this.#shelf, GRAPHS, shard.model),
      reuse: false,
      alongside,
      pieces: [],
      origin: model.origin,
      ...(kept ? { kept } : {}),
      ...(scores === undefined ? {} : { scores }),
      ...(model.card.runs?.batching ? { batching: model.card.runs.batching } : {}),
      warmUp: warmUpFor(shard, samples),
    });
    return { terms, weights: shard.weights };
  }

  #bring(peer: PeerId, terms: LoadStage): Promise<Delivery> {
    if (!terms.reuse && !terms.alongside) {
      const shards = this.#held.get(peer) ?? new Map<string, number>();
      for (const [shard, last] of shards) if (last !== terms.epoch) shards.delete(shard);
    }
    return new Promise((resolve) => {
      const key = keyOf(peer, terms.stage);
      const settle = (delivery: Delivery): void => {
        const errand = this.#errands.get(key);
        if (errand?.terms === terms) {
          this.#clock.clearTimeout(errand.watchdog);
          this.#errands.delete(key);
        }
        resolve(delivery);
      };
      this.#errands.set(key, { peer, terms, settle, watchdog: this.#watch(peer, settle) });
      if (peer === this.#network.me) this.#local.prepare(terms);
      else this.#network.sendControl(peer, terms);
    });
  }

  #watch(peer: PeerId, settle: (delivery: Delivery) => void): number {
    const message = `no progress for ${SILENCE_MS / 1000} s`;
    return this.#clock.setTimeout(
      () => settle({ kind: 'failed', peer, step: 'load its layers', message }),
      SILENCE_MS,
    );
  }
}

function keyOf(peer: PeerId, stage: number): string {
  return `${peer}/${stage}`;
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
export function warmUpFor(shard: Shard, samples: Calibration['boundarySamples']): readonly TensorSample[] {
  const received = samples[shard.start] ?? [];
  const known = shard.inputs.flatMap(({ name }) => {
    return received[shard.receives.findIndex((tensor) => tensor.name === name)] ?? [];
  });
  return known.length === shard.inputs.length ? known : [];
}
