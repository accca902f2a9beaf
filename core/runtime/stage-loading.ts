import { messageOf, PotluckError } from '../errors.ts';
import type { Clock } from '../mesh/clock.ts';
import type { LoadStage } from '../protocol/messages.ts';
import type { Progress } from '../session/state.ts';
import type { Stage } from './stage.ts';
import type { ExecutorFactory, ExecutorOptions, StageExecutor, StageModel } from './stage-executor.ts';
import { warmUp } from './warm-up.ts';
import { guarded } from './watchdog.ts';

/** How often a loading device says how far it is. */
const PROGRESS_EVERY_MS = 150;

/** Brings the parts of a stage to this device. Rejects with what failed, or the signal's reason. */
export type Gather = (
  terms: LoadStage,
  progress: (progress: Progress) => void,
  signal: AbortSignal,
) => Promise<StageModel>;

export interface LoadingOptions {
  readonly gather: Gather;
  readonly executors: ExecutorFactory;
  readonly runtime: () => ExecutorOptions;
  readonly clock: Clock;
}

/** When loading began, and when all parts were here. */
export interface LoadTimes {
  readonly begunAt: number;
  readonly gatheredAt: number;
}

/** What came of it: nothing is told of one that was stopped. */
export interface LoadingEvents {
  progress(progress: Progress | null): void;
  loaded(stage: Stage, times: LoadTimes): void;
  failed(step: string, message: string): void;
}

/** One stage on its way into this device: its parts are gathered, loaded into a worker of their own, and warmed up. */
export class StageLoading {
  readonly terms: LoadStage;
  readonly #options: LoadingOptions;
  readonly #events: LoadingEvents;
  readonly #control: AbortController = new AbortController();
  #executor: StageExecutor | undefined;
  #over = false;
  #toldAt = 0;

  constructor(terms: LoadStage, options: LoadingOptions, events: LoadingEvents) {
    this.terms = terms;
    this.#options = options;
    this.#events = events;
    void this.#load();
  }

  /** The worker that it loads into, once there is one. */
  get executor(): StageExecutor | undefined {
    return this.#executor;
  }

  /** Not wanted any more. What arrived of it stays in the store. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#control.abort(new Error('the plan changed'));
    this.#executor?.close();
    this.#events.progress(null);
  }

  async #load(): Promise<void> {
    const { gather, executors, runtime, clock } = this.#options;
    const { terms } = this;
    const begunAt = clock.now();
    let step = 'receive its layers';
    try {
      const model = await gather(terms, (progress) => this.#tell(progress, false), this.#control.signal);
      if (this.#over) return;
      const gatheredAt = clock.now();
      step = 'load';
      this.#tell({ step: 'Loading its layers', fraction: null }, true);
      const executor = executors();
      this.#executor = executor;
      const stage = await guarded(clock, loaded(terms, model, executor, runtime()));
      if (this.#over) return executor.close();
      this.#over = true;
      this.#events.progress(null);
      this.#events.loaded(stage, { begunAt, gatheredAt });
    } catch (error) {
      this.#executor?.close();
      if (this.#over) return;
      this.#over = true;
      this.#events.progress(null);
      const failed = error instanceof PotluckError && step !== 'load' ? error.data.step : step;
      this.#events.failed(failed, messageOf(error));
    }
  }

  #tell(progress: Progress, force: boolean): void {
    const now = this.#options.clock.now();
    if (this.#over || (!force && now - this.#toldAt < PROGRESS_EVERY_MS)) return;
    this.#toldAt = now;
    this.#events.progress(progress);
  }
}

async function loaded(
  terms: LoadStage,
  model: StageModel,
  executor: StageExecutor,
  runtime: ExecutorOptions,
): Promise<Stage> {
  await executor.open(runtime);
  const keeps = terms.kept?.states.map(({ output }) => output) ?? [];
  const stage = { terms, executor, handle: await executor.load({ ...model, keeps }) };
  await warmUp(stage);
  return stage;
}
