import { messageOf } from '../errors.ts';
import { packBlob } from '../graph/pack.ts';
import { makeShard } from '../graph/shard.ts';
import type { Shard } from '../graph/shard.types.ts';
import type { PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { LoadStage } from '../protocol/messages.ts';
import { encodeShardPiece, type ShardPart } from '../protocol/shard-piece.ts';
import type { PlanView } from '../session/state.ts';
import type { Calibration } from './calibrate.ts';
import type { OpenModel } from './leader.ts';
import type { StageHost } from './stage-host.ts';
import { termsOf } from './terms.ts';

/** One piece of a shard on the wire: large enough to be cheap, small enough for steady progress. */
const PIECE_BYTES = 256 * 1024;
/** A device that shows no progress for this long is given up; loading a stage of 1 GB took 20 s (facts.md F). */
const SILENCE_MS = 60_000;

export type Delivery =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly peer: PeerId; readonly step: string; readonly message: string };

/** Waits for one holder. */
interface Errand {
  readonly terms: LoadStage;
  began: () => void;
  readonly settle: (delivery: Delivery) => void;
  watchdog: number;
}

/** Brings each holder of a plan its own shard, and only that, and waits until all of them are ready. */
export class ShardCourier {
  readonly #network: Network;
  readonly #local: StageHost;
  readonly #clock: Clock;
  readonly #errands = new Map<PeerId, Errand>();
  /** The shard that each device last said it had loaded. */
  readonly #held = new Map<PeerId, string>();

  constructor(network: Network, local: StageHost, clock: Clock) {
    this.#network = network;
    this.#local = local;
    this.#clock = clock;
  }

  /** Resolves when every stage is ready, or with the first failure; an abort leaves errands unfinished. */
  async deliver(
    plan: PlanView,
    model: OpenModel,
    modelKey: string,
    dims: Calibration['boundaryDims'],
    signal: AbortSignal,
  ): Promise<Delivery> {
    for (const errand of this.#errands.values()) this.#clock.clearTimeout(errand.watchdog);
    this.#errands.clear();
    const holders = plan.stages.map((stage) => stage.peer);
    const deliveries = plan.stages.map(async (stage, index): Promise<Delivery> => {
      const shard = makeShard(model.graph, model.blocks, stage.start, stage.end);
      const key = `${modelKey}:${stage.start}-${stage.end}`;
      const place = {
        epoch: plan.epoch,
        stage: index,
        holders,
        key,
        reuse: this.#held.get(stage.peer) === key,
        warmUp: warmUpFor(shard, dims),
      };
      try {
        const outcome = await this.#bring(stage.peer, termsOf(shard, place), shard, model, signal);
        if (outcome.kind === 'ready' || outcome.step !== 'reuse') return outcome;
        return await this.#bring(
          stage.peer,
          termsOf(shard, { ...place, reuse: false }),
          shard,
          model,
          signal,
        );
      } catch (error) {
        return { kind: 'failed', peer: stage.peer, step: 'send its layers', message: messageOf(error) };
      }
    });
    const outcomes = await Promise.all(deliveries);
    return outcomes.find((outcome) => outcome.kind === 'failed') ?? { kind: 'ready' };
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

  /** The holder is at work on this epoch: it knows the terms, so its pieces may come. */
  progressed(peer: PeerId, epoch: number): void {
    const errand = this.#errand(peer, epoch);
    if (!errand) return;
    errand.began();
    this.#clock.clearTimeout(errand.watchdog);
    errand.watchdog = this.#watch(peer, errand.settle);
  }

  /** The device is gone, and what it held with it. */
  forget(peer: PeerId): void {
    this.#held.delete(peer);
    this.#errands
      .get(peer)
      ?.settle({ kind: 'failed', peer, step: 'send its layers', message: 'the device left' });
  }

  async #bring(
    peer: PeerId,
    terms: LoadStage,
    shard: Shard,
    model: OpenModel,
    signal: AbortSignal,
  ): Promise<Delivery> {
    let began = (): void => undefined;
    const underWay = new Promise<void>((resolve) => {
      began = resolve;
    });
    const done = new Promise<Delivery>((resolve) => {
      const settle = (delivery: Delivery): void => {
        const errand = this.#errands.get(peer);
        if (errand?.terms === terms) {
          this.#clock.clearTimeout(errand.watchdog);
          this.#errands.delete(peer);
        }
        began();
        resolve(delivery);
      };
      this.#errands.set(peer, { terms, began, settle, watchdog: this.#watch(peer, settle) });
    });
    if (!terms.reuse) this.#held.delete(peer);
    const weights = shard.weightBytes > 0 ? packBlob(shard.weights, model.blobOf) : null;
    if (peer === this.#network.me) {
      if (terms.reuse) this.#local.prepare(terms);
      else
        this.#local.loadLocal(terms, {
          model: shard.model,
          weights,
          inputs: shard.inputs,
          outputs: shard.outputs,
        });
      return done;
    }
    this.#network.sendControl(peer, terms);
    if (!terms.reuse) {
      await underWay;
      if (this.#errands.get(peer)?.terms === terms) {
        await this.#sendPart(peer, terms, 'model', new Blob([shard.model]), signal);
        if (weights) await this.#sendPart(peer, terms, 'weights', weights, signal);
      }
    }
    return done;
  }

  async #sendPart(
    peer: PeerId,
    terms: LoadStage,
    part: ShardPart,
    blob: Blob,
    signal: AbortSignal,
  ): Promise<void> {
    for (let offset = 0; offset < blob.size; offset += PIECE_BYTES) {
      const bytes = new Uint8Array(await blob.slice(offset, offset + PIECE_BYTES).arrayBuffer());
      await this.#network.send(peer, 'shard', encodeShardPiece({ epoch: terms.epoch, part, offset, bytes }), {
        signal,
      });
    }
  }

  #errand(peer: PeerId, epoch: number, stage?: number): Errand | undefined {
    const errand = this.#errands.get(peer);
    const same = errand?.terms.epoch === epoch && (stage === undefined || errand.terms.stage === stage);
    return same ? errand : undefined;
  }

  #watch(peer: PeerId, settle: (delivery: Delivery) => void): number {
    return this.#clock.setTimeout(
      () =>
        settle({
          kind: 'failed',
          peer,
          step: 'load its layers',
          message: `no progress for ${SILENCE_MS / 1000} s`,
        }),
      SILENCE_MS,
    );
  }
}

/** The measured shape of each input of a stage, which are among what it receives. */
function warmUpFor(shard: Shard, dims: Calibration['boundaryDims']): readonly (readonly number[])[] {
  const received = dims[shard.start] ?? [];
  const shapes = shard.inputs.flatMap(({ name }) => {
    const shape = received[shard.receives.findIndex((tensor) => tensor.name === name)];
    return shape ? [shape] : [];
  });
  return shapes.length === shard.inputs.length ? shapes : [];
}
