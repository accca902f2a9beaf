import { messageOf, PotluckError, RequestFailedError, RuntimeFailedError } from '../errors.ts';
import type { Epoch, PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Activation } from '../protocol/frame.types.ts';
import { RESULT_STAGE } from '../protocol/frame.types.ts';
import type { LoadStage } from '../protocol/messages.ts';
import type { Progress } from '../session/state.ts';
import { LoadMeter } from './load-meter.ts';
import { runStage, type Stage } from './stage.ts';
import type {
  ExecutorFactory,
  ExecutorOptions,
  StageExecutor,
  StageModel,
  WorkerMemory,
} from './stage-executor.ts';
import { StateKeeper } from './state-keeper.ts';
import { warmUp } from './warm-up.ts';

/** Activations that may wait; a 65th is refused, so that a slow device pushes back instead of filling up. */
const INBOX_LIMIT = 64;
/** And their bytes: a phone can spare this much; at least one item is always taken. */
const INBOX_BYTES = 256 * 1024 * 1024;
/** Results on their way out while the next item computes: enough to overlap, few enough to hold little memory. */
const SENDS_AT_ONCE = 2;
/** A run or a load that takes longer hangs (facts.md A4): the worker is ended. */
const WATCHDOG_MS = 120_000;
/** How often a loading device says how far it is. */
const PROGRESS_EVERY_MS = 150;

/** Steps of a RuntimeFailedError after which the executor is of no use: the watchdog's, and a broken worker's. */
const HUNG = 'watchdog';
const BROKEN = 'worker';

export interface StageHostEvents {
  /** While a shard arrives and loads; null when done. */
  progress(epoch: Epoch, progress: Progress | null): void;
  ready(terms: LoadStage): void;
  failed(terms: LoadStage, step: string, message: string): void;
  /** Hands an activation on; resolves when the link took it. */
  forward(to: PeerId, activation: Activation): Promise<void>;
  requestFailed(activation: Activation, step: string, message: string): void;
}

/** Brings the parts of a stage to this device. Rejects with what failed, or the signal's reason. */
export type Gather = (
  terms: LoadStage,
  progress: (progress: Progress) => void,
  signal: AbortSignal,
) => Promise<StageModel>;

export interface StageHostOptions {
  readonly gather: Gather;
  readonly executors: ExecutorFactory;
  readonly runtime: () => ExecutorOptions;
  readonly clock: Clock;
  readonly events: StageHostEvents;
}

/** A stage on its way here. */
interface Loading {
  readonly terms: LoadStage;
  readonly control: AbortController;
  executor: StageExecutor | undefined;
}

/** Holds this device's stage of the current plan: gathers its parts, loads it, runs items in order of arrival. */
export class StageHost {
  readonly meter: LoadMeter = new LoadMeter();
  readonly #options: StageHostOptions;
  #loading: Loading | undefined;
  #stage: Stage | undefined;
  /** One for each plan: what was kept under another is lost, as the other devices lost theirs. */
  #keeper: StateKeeper = new StateKeeper();
  #inbox: { activation: Activation; arrivedAt: number }[] = [];
  #working = false;
  #sending: Promise<void>[] = [];
  #lastProgress = 0;

  constructor(options: StageHostOptions) {
    this.#options = options;
  }

  get queue(): number {
    return this.#inbox.length + (this.#working ? 1 : 0);
  }

  /** Terms of the stage that runs here now. */
  get terms(): LoadStage | undefined {
    return this.#stage?.terms;
  }

  /** Of the worker that runs the stage, nothing while there is none, and of the states kept beside it. */
  async memory(): Promise<WorkerMemory> {
    const executor = this.#stage?.executor ?? this.#loading?.executor;
    const worker = await executor?.memory();
    const { heapBytes = 0, bufferBytes = 0, peakBytes = 0 } = worker ?? {};
    const kept = this.#keeper.bytes;
    return { heapBytes, bufferBytes: bufferBytes + kept, peakBytes: peakBytes + kept };
  }

  /** The leader's terms for the next epoch. Older work is dropped: whoever asked asks again. */
  prepare(terms: LoadStage): void {
    this.#inbox = [];
    this.#keeper = new StateKeeper();
    this.stopLoading();
    const held = this.#stage;
    if (terms.reuse) {
      if (held?.terms.shard !== terms.shard) {
        this.#options.events.failed(terms, 'reuse', 'This device no longer holds that part.');
        return;
      }
      this.#stage = { ...held, terms };
      this.#options.events.ready(terms);
      return;
    }
    this.release();
    void this.#load(terms);
  }

  /** The stage on its way here is not wanted any more. What arrived of it stays in the store. */
  stopLoading(): void {
    const dropped = this.#loading;
    this.#loading = undefined;
    dropped?.control.abort(new Error('the plan changed'));
    dropped?.executor?.close();
    if (dropped) this.#options.events.progress(dropped.terms.epoch, null);
  }

  /** Takes an activation for this stage; false when it belongs to another epoch or stage. */
  accept(activation: Activation): boolean {
    const terms = this.#stage?.terms;
    if (!terms || activation.epoch !== terms.epoch || activation.stage !== terms.stage) return false;
    if (this.#inbox.length >= INBOX_LIMIT || this.#inboxBytes() > INBOX_BYTES) {
      this.#options.events.requestFailed(
        activation,
        'queue',
        `${this.#inbox.length} items already wait on this device.`,
      );
      return true;
    }
    this.#inbox.push({ activation, arrivedAt: this.#options.clock.now() });
    if (!this.#working) void this.#work();
    return true;
  }

  /** A sequence has ended where it began: what is kept for it here can go. */
  endSequence(origin: PeerId, sequence: number): void {
    this.#keeper.end(origin, sequence);
  }

  /** A peer is gone, and its sequences with it. */
  forget(peer: PeerId): void {
    this.#keeper.forget(peer);
  }

  /** Gives back the stage, one that is being gathered or loaded, and all memory of the runtime. */
  release(): void {
    this.stopLoading();
    this.#keeper = new StateKeeper();
    this.#stage?.executor.close();
    this.#stage = undefined;
    this.meter.stageChanged();
  }

  #inboxBytes(): number {
    const bytesOf = ({ tensors }: Activation): number =>
      tensors.reduce((sum, t) => sum + t.data.byteLength, 0);
    return this.#inbox.reduce((sum, { activation }) => sum + bytesOf(activation), 0);
  }

  async #load(terms: LoadStage): Promise<void> {
    const { gather, executors, runtime, events } = this.#options;
    const loading: Loading = { terms, control: new AbortController(), executor: undefined };
    this.#loading = loading;
    let step = 'receive its layers';
    try {
      const tell = (progress: Progress): void => this.#tellProgress(loading, progress, false);
      const model = await gather(terms, tell, loading.control.signal);
      if (this.#loading !== loading) return;
      step = 'load';
      this.#tellProgress(loading, { step: 'Loading its layers', fraction: null }, true);
      const executor = executors();
      loading.executor = executor;
      await this.#guarded(
        (async () => {
          await executor.open(runtime());
          const stage = { terms, executor, handle: await executor.load(model) };
          await warmUp(stage);
          if (this.#loading !== loading) return executor.close();
          this.#loading = undefined;
          this.#stage = stage;
          events.progress(terms.epoch, null);
          events.ready(terms);
        })(),
      );
    } catch (error) {
      loading.executor?.close();
      if (this.#loading !== loading) return;
      this.stopLoading();
      const failed = error instanceof PotluckError && step !== 'load' ? error.data.step : step;
      events.failed(terms, failed, messageOf(error));
    }
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (let item = this.#inbox.shift(); item; item = this.#inbox.shift()) {
      const stage = this.#stage;
      if (stage && stage.terms.epoch === item.activation.epoch)
        await this.#runOne(stage, item.activation, item.arrivedAt);
    }
    this.#working = false;
  }

  async #runOne(stage: Stage, activation: Activation, arrivedAt: number): Promise<void> {
    const { clock, events } = this.#options;
    const startedAt = clock.now();
    this.meter.started(startedAt);
    const sequence = activation.sequence > 0 ? { run: activation, keeper: this.#keeper } : undefined;
    try {
      const { tensors, computeMs } = await this.#guarded(runStage(stage, activation.tensors, sequence));
      this.meter.finished(clock.now(), computeMs);
      const last = stage.terms.stage + 1 === stage.terms.holders.length;
      const next: Activation = {
        ...activation,
        stage: last ? RESULT_STAGE : stage.terms.stage + 1,
        trail: [...activation.trail, { stage: stage.terms.stage, computeMs, queueMs: startedAt - arrivedAt }],
        tensors,
      };
      const to = last ? activation.origin : stage.terms.holders[stage.terms.stage + 1];
      if (to) await this.#send(to, next);
    } catch (error) {
      this.meter.failed(clock.now());
      const step = error instanceof RequestFailedError ? error.data.step : 'run';
      events.requestFailed(activation, step, messageOf(error));
      if (this.#stage === stage && isDead(error)) {
        // The worker is gone or hangs: every other item would fail too, so the leader has to find another place.
        this.release();
        events.failed(stage.terms, 'run', messageOf(error));
      }
    }
  }

  async #send(to: PeerId, activation: Activation): Promise<void> {
    const { events } = this.#options;
    // The link is gone: whoever asked enters the item again, under this plan or the next.
    const sent = events
      .forward(to, activation)
      .catch((error: unknown) => events.requestFailed(activation, 'send', messageOf(error)));
    this.#sending.push(sent);
    void sent.then(() => {
      this.#sending = this.#sending.filter((other) => other !== sent);
    });
    if (this.#sending.length >= SENDS_AT_ONCE) await Promise.race(this.#sending);
  }

  #tellProgress({ terms }: Loading, progress: Progress, force: boolean): void {
    const now = this.#options.clock.now();
    if (this.#loading?.terms !== terms || (!force && now - this.#lastProgress < PROGRESS_EVERY_MS)) return;
    this.#lastProgress = now;
    this.#options.events.progress(terms.epoch, progress);
  }

  #guarded<T>(work: Promise<T>): Promise<T> {
    const { clock } = this.#options;
    return new Promise<T>((resolve, reject) => {
      const timer = clock.setTimeout(() => {
        const error = new RuntimeFailedError(`The runtime did not finish within ${WATCHDOG_MS / 1000} s.`, {
          step: HUNG,
          expected: `within ${WATCHDOG_MS / 1000} s`,
          actual: 'still busy',
        });
        reject(error);
      }, WATCHDOG_MS);
      work.then(resolve, reject).finally(() => clock.clearTimeout(timer));
    });
  }
}

function isDead(error: unknown): boolean {
  return error instanceof RuntimeFailedError && (error.data.step === HUNG || error.data.step === BROKEN);
}
