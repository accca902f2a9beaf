import { messageOf, RequestFailedError } from '../errors.ts';
import type { Epoch, PeerId } from '../ids.ts';
import type { Activation } from '../protocol/frame.types.ts';
import { RESULT_STAGE } from '../protocol/frame.types.ts';
import type { LoadStage } from '../protocol/messages.ts';
import { holdersOf } from '../session/holders.ts';
import type { PlanView, Progress, StagePace } from '../session/state.ts';
import { type HeldStage, HeldStages } from './held-stages.ts';
import { greediest, InTurn } from './in-turn.ts';
import { LoadMeter } from './load-meter.ts';
import { ofSequence } from './share-out.ts';
import { picked, runStage, type Stage } from './stage.ts';
import type { WorkerMemory } from './stage-executor.ts';
import { type LoadingOptions, type LoadTimes, StageLoading } from './stage-loading.ts';
import { joinActivations, runsOf, StepJoiner, withoutWords } from './step-joiner.ts';
import { guarded, isDead } from './watchdog.ts';

/** Said of a stage that the leader believes to be here. */
export const NOT_HELD = 'This device no longer holds that part.';
/** Activations that may wait; a 65th is refused, so that a slow device pushes back instead of filling up. */
const INBOX_LIMIT = 64;
/** And their bytes: a phone can spare this much; at least one item is always taken. */
const INBOX_BYTES = 256 * 1024 * 1024;
/** Results on their way out while the next item computes: enough to overlap, few enough to hold little memory. */
const SENDS_AT_ONCE = 2;

export interface StageHostEvents {
  /** While a shard arrives and loads; null when done. */
  progress(epoch: Epoch, progress: Progress | null): void;
  /** `times` are of a stage that was loaded, and not here already. */
  ready(terms: LoadStage, times?: LoadTimes): void;
  failed(terms: LoadStage, step: string, message: string): void;
  /** Hands an activation on; resolves when the link took it. */
  forward(to: PeerId, activation: Activation): Promise<void>;
  requestFailed(activation: Activation, step: string, message: string): void;
  /** An item has passed. */
  ran(item: RanItem): void;
}

/** One run of a stage, by the clock. */
export interface RanItem {
  readonly terms: LoadStage;
  /** Those whose steps ran together. */
  readonly runs: readonly Activation[];
  readonly arrivedAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly computeMs: number;
}

export interface StageHostOptions extends LoadingOptions {
  readonly events: StageHostEvents;
}

interface Item {
  readonly activation: Activation;
  readonly arrivedAt: number;
}

/**
 * Holds this device's stages: those of the plan in force, and those of the next while they load. Runs items one at a
 * time, whatever stage they are for: whoever asked in turn, and what each asked in the order in which it arrives.
 */
export class StageHost {
  readonly meter: LoadMeter = new LoadMeter();
  readonly #options: StageHostOptions;
  readonly #held: HeldStages = new HeldStages();
  #loadings: StageLoading[] = [];
  /** The plan that runs, as far as this device knows, and the one that it was last told to prepare. */
  #serving: number | undefined;
  #preparing: number | undefined;
  readonly #joiner: StepJoiner;
  #inbox: Item[] = [];
  readonly #inTurn = new InTurn();
  /** Called when another item arrives. */
  #another: (() => void) | undefined;
  #working = false;
  #sending: Promise<void>[] = [];

  constructor(options: StageHostOptions) {
    this.#options = options;
    this.#joiner = new StepJoiner(options.clock);
  }

  get queue(): number {
    return this.#inbox.length + (this.#working ? 1 : 0);
  }

  /** Sequences whose states are kept here. */
  get sequences(): number {
    return Math.max(0, ...this.#held.all.map(({ keeper }) => keeper.size));
  }

  /** How long items have lately occupied this device, for each stage of the plan in force. */
  get paces(): StagePace[] {
    return this.#held.all.flatMap(({ stage: { terms }, times }) =>
      terms.epoch === this.#serving && times.median !== null
        ? [{ epoch: terms.epoch, stage: terms.stage, ms: times.median, items: times.count }]
        : [],
    );
  }

  /** Terms of a stage that is ready here. */
  termsOf(epoch: number, stage: number): LoadStage | undefined {
    return this.#held.find(epoch, stage)?.stage.terms;
  }

  /** Of the workers that run or load stages. */
  async memory(): Promise<WorkerMemory> {
    const loading = this.#loadings.flatMap(({ executor }) => executor ?? []);
    const workers = await Promise.all([...this.#held.executors, ...loading].map((each) => each.memory()));
    const total = (key: keyof WorkerMemory): number => workers.reduce((sum, each) => sum + each[key], 0);
    return {
      heapBytes: total('heapBytes'),
      bufferBytes: total('bufferBytes'),
      peakBytes: total('peakBytes'),
    };
  }

  /** The leader's terms for a stage of the next plan. */
  prepare(terms: LoadStage): void {
    const { epoch } = terms;
    this.#preparing = epoch;
    this.#stopLoadings((loading) => loading.terms.epoch !== epoch || loading.terms.stage === terms.stage);
    const held = terms.reuse ? this.#held.withShard(terms.shard) : undefined;
    if (held) this.#held.add({ ...held, terms });
    // Another plan that was to follow is not wanted any more.
    const staying = terms.alongside && this.#serving !== undefined ? [this.#serving] : [];
    this.#keepOnly(epoch, ...staying);
    const { events } = this.#options;
    if (held) events.ready(terms);
    else if (terms.reuse) events.failed(terms, 'reuse', NOT_HELD);
    else this.#load(terms);
  }

  /** Whatever is on its way here is not wanted any more. */
  stopLoading(): void {
    this.#stopLoadings(() => true);
  }

  /** What runs in the room: what it has no use for gives its memory back. Without a plan nothing is to be loaded. */
  follow(plan: PlanView | null): void {
    if (!plan) this.stopLoading();
    if (plan?.status !== 'running') return;
    if (this.#serving !== plan.epoch) {
      if (this.#preparing === this.#serving || this.#preparing === plan.epoch) this.#preparing = undefined;
      this.#serving = plan.epoch;
      this.meter.stageChanged();
    }
    this.#keepOnly(plan.epoch, ...(this.#preparing === undefined ? [] : [this.#preparing]));
  }

  /** Stages of a plan said to run that `me` should hold, and does not. */
  lacking(plan: PlanView, me: PeerId): readonly number[] {
    if (plan.status !== 'running') return [];
    return [...plan.stages.keys()].filter((index) => {
      const stage = plan.stages[index];
      const mine = stage !== undefined && holdersOf(stage).some(({ peer }) => peer === me);
      return mine && !this.#held.find(plan.epoch, index);
    });
  }

  /** Takes an activation for one of the stages; false when it belongs to none of them. */
  accept(activation: Activation): boolean {
    const held = this.#find(activation);
    if (!held) return false;
    if (this.#isFull() && !this.#makeRoom(activation.origin)) {
      const message = `${this.#inbox.length} items already wait on this device.`;
      this.#fail(activation, 'queue', message);
      return true;
    }
    if (this.#joiner.joins(activation, held.stage.terms)) this.#joiner.came(activation);
    this.#inbox.push({ activation, arrivedAt: this.#options.clock.now() });
    this.#another?.();
    if (!this.#working) void this.#work();
    return true;
  }

  #isFull(): boolean {
    return this.#inbox.length >= INBOX_LIMIT || this.#inboxBytes() > INBOX_BYTES;
  }

  /** The device with the most items here loses its last to one that has fewer. */
  #makeRoom(origin: PeerId): boolean {
    while (this.#isFull()) {
      const item = greediest(this.#inbox, origin, originOf);
      if (!item) return false;
      this.#take([item], item);
      this.#fail(item.activation, 'queue', 'Others wait on this device, and it had the most.');
    }
    return true;
  }

  /** A sequence has ended where it began: what is kept for it here can go. */
  endSequence(origin: PeerId, sequence: number): void {
    for (const { keeper } of this.#held.all) keeper.end(origin, sequence);
  }

  /** A peer is gone, and its sequences with it. */
  forget(peer: PeerId): void {
    for (const { keeper } of this.#held.all) keeper.forget(peer);
  }

  /** Gives back all stages, those that are being gathered or loaded too, and all memory of the runtime. */
  release(): void {
    this.stopLoading();
    this.#keepOnly();
    this.meter.stageChanged();
  }

  #find({ epoch, stage }: Activation): HeldStage | undefined {
    return this.#held.find(epoch, stage);
  }

  #keepOnly(...epochs: readonly number[]): void {
    this.#held.keepOnly(({ stage }) => epochs.includes(stage.terms.epoch));
    // Older work is dropped: whoever asked asks again.
    this.#inbox = this.#inbox.filter(({ activation }) => this.#find(activation));
  }

  #stopLoadings(unwanted: (loading: StageLoading) => boolean): void {
    const stopped = this.#loadings.filter(unwanted);
    this.#loadings = this.#loadings.filter((loading) => !stopped.includes(loading));
    for (const loading of stopped) loading.stop();
  }

  #load(terms: LoadStage): void {
    const { events } = this.#options;
    const over = (): void => {
      this.#loadings = this.#loadings.filter((other) => other !== loading);
    };
    const loading: StageLoading = new StageLoading(terms, this.#options, {
      progress: (progress) => events.progress(terms.epoch, progress),
      loaded: (stage: Stage, times) => {
        over();
        this.#held.add(stage);
        events.ready(terms, times);
      },
      failed: (step, message) => {
        over();
        events.failed(terms, step, message);
      },
    });
    this.#loadings.push(loading);
  }

  #inboxBytes(): number {
    const bytesOf = ({ tensors }: Activation): number =>
      tensors.reduce((sum, t) => sum + t.data.byteLength, 0);
    return this.#inbox.reduce((sum, { activation }) => sum + bytesOf(activation), 0);
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#inbox.length > 0) {
      const next = this.#next();
      if ('waitMs' in next) {
        await this.#anotherWithin(next.waitMs);
        continue;
      }
      const held = this.#find(next.activation);
      if (held) await this.#runOne(held, next.activation, next.arrivedAt);
    }
    this.#working = false;
  }

  /** Takes what is to run next out of the inbox; or says how long to wait for others that are to run with what is there. */
  #next(): Item | { readonly waitMs: number } {
    let waitMs = Number.POSITIVE_INFINITY;
    const asked = new Set<HeldStage | undefined>();
    for (const item of this.#inTurn.order(this.#inbox, originOf)) {
      const held = this.#find(item.activation);
      const { batching } = held?.stage.terms ?? {};
      if (!held || !batching || !this.#joiner.joins(item.activation, held.stage.terms)) {
        this.#inTurn.served([item.activation.origin]);
        return this.#take([item], item);
      }
      if (asked.has(held)) continue;
      asked.add(held);
      const { terms } = held.stage;
      const waiting = this.#inbox.filter(
        ({ activation }) => this.#find(activation) === held && this.#joiner.joins(activation, terms),
      );
      const order = this.#joiner.order(terms, waiting.length, held.times.median ?? 0);
      if ('waitMs' in order) {
        waitMs = Math.min(waitMs, order.waitMs);
        continue;
      }
      const together = waiting.slice(0, order.most);
      const steps = together.map(({ activation }) => activation);
      const activation = joinActivations(steps, batching) ?? item.activation;
      this.#joiner.entered(steps);
      this.#inTurn.served(steps.map(({ origin }) => origin));
      return this.#take(together, { ...item, activation });
    }
    return { waitMs };
  }

  #take(items: readonly Item[], as: Item): Item {
    this.#inbox = this.#inbox.filter((item) => !items.includes(item));
    return as;
  }

  /** Resolves when another item arrives, or after so long. */
  #anotherWithin(ms: number): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const timer = clock.setTimeout(() => this.#another?.(), ms);
      this.#another = () => {
        clock.clearTimeout(timer);
        this.#another = undefined;
        resolve();
      };
    });
  }

  async #runOne(held: HeldStage, activation: Activation, arrivedAt: number): Promise<void> {
    const { clock, events } = this.#options;
    const { stage, keeper, times } = held;
    const { terms } = stage;
    const runs = runsOf(activation);
    const startedAt = clock.now();
    this.meter.started(startedAt);
    const sequence = activation.sequence > 0 ? { runs, keeper } : undefined;
    try {
      const { tensors, computeMs, lost } = await guarded(
        clock,
        runStage(stage, activation.tensors, sequence),
      );
      for (const run of runs) if (lost.has(run)) this.#fail(run, ...why(lost.get(run)));
      const endedAt = clock.now();
      this.meter.finished(endedAt, computeMs, runs.length);
      // What several took together says little of what one takes, unless it is more than that.
      const eachMs = (endedAt - startedAt) / runs.length;
      if (runs.length === 1 || eachMs > (times.median ?? Number.POSITIVE_INFINITY)) times.add(eachMs);
      events.ran({ terms, runs, arrivedAt, startedAt, endedAt, computeMs });
      const timing = { stage: terms.stage, computeMs, queueMs: startedAt - arrivedAt };
      const trail = [...activation.trail, timing];
      const isLast = terms.holders[terms.stage + 1] === undefined;
      if (!isLast || !activation.decode) {
        const onward = lost.size > 0 ? withoutWords(activation, lost, runs) : activation;
        return await this.#handOn(held, { ...onward, trail, tensors });
      }
      for (const [row, run] of runs.entries()) {
        if (!run.decode || lost.has(run)) continue;
        // Words and not scores go home: a vocabulary's scores are up to a megabyte for each word.
        const word = picked(terms, tensors, run.decode, { row, rows: runs.length });
        await this.#handOn(held, { ...run, trail, tensors: [word] });
      }
    } catch (error) {
      this.meter.failed(clock.now());
      if (!this.#held.all.includes(held)) {
        // Its layers moved away in the middle of it: no fault of the item, which enters again.
        this.#fail(activation, 'send', messageOf(error));
        return;
      }
      this.#fail(activation, ...why(error));
      if (!isDead(error)) return;
      // Every other item would fail too, so the leader has to find another place.
      this.#held.keepOnly((other) => other.stage.executor !== stage.executor);
      events.failed(terms, 'run', messageOf(error));
    }
  }

  /** Tells whoever asked, each of them. */
  #fail(activation: Activation, step: string, message: string): void {
    for (const run of runsOf(activation)) this.#options.events.requestFailed(run, step, message);
  }

  async #handOn({ stage: { terms }, out }: HeldStage, activation: Activation): Promise<void> {
    const { events } = this.#options;
    const stage = terms.stage + 1;
    const next = terms.holders[stage];
    const to = next ? (ofSequence(next, activation.sequence) ?? out.next(next)) : activation.origin;
    if (to === undefined) return;
    // The link is gone: whoever asked enters the item again, under this plan or the next.
    const sent = events
      .forward(to, { ...activation, stage: next ? stage : RESULT_STAGE })
      .catch((error: unknown) => this.#fail(activation, 'send', messageOf(error)));
    this.#sending.push(sent);
    void sent.then(() => {
      this.#sending = this.#sending.filter((other) => other !== sent);
    });
    if (this.#sending.length >= SENDS_AT_ONCE) await Promise.race(this.#sending);
  }
}

function originOf({ activation }: Item): PeerId {
  return activation.origin;
}

function why(error: unknown): [step: string, message: string] {
  // Of what took the whole worker with it nobody knows whether the item was at fault.
  const isKnown = error instanceof RequestFailedError || isDead(error);
  return [isKnown ? error.data.step : 'run', messageOf(error)];
}
