import { lastRows } from '../../audit/tokens.ts';
import type { Clock } from '../../mesh/clock.ts';
import type { Activation } from '../../protocol/frame.types.ts';
import type { LoadStage } from '../../protocol/messages.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { runStage, type Stage } from '../stage.ts';
import type { ExecutorFactory, ExecutorOptions, StageModel } from '../stage-executor.ts';
import { StateKeeper } from '../state-keeper.ts';
import { guarded } from '../watchdog.ts';

/** The next run to be checked is often of the same stage. Then its memory goes back. */
const IDLE_MS = 5000;

export interface RecomputerOptions {
  readonly executors: ExecutorFactory;
  readonly runtime: () => ExecutorOptions;
  readonly clock: Clock;
  readonly gather: (terms: LoadStage, signal: AbortSignal) => Promise<StageModel>;
}

/** A stage, run once more from scratch: its weights are gathered and checked by their hashes, in a worker of its own. */
export class Recomputer {
  readonly #options: RecomputerOptions;
  readonly #control: AbortController = new AbortController();
  #loaded: { readonly key: string; readonly stage: Stage } | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #idle: number | undefined;

  constructor(options: RecomputerOptions) {
    this.#options = options;
  }

  /**
   * What the stage makes of the activation's tensors, which are taken over. Of a decoder's last stage: the scores, not
   * the tokens. One at a time. @throws what gathering, loading and running throw.
   */
  run(terms: LoadStage, prepack: boolean | null, activation: Activation): Promise<readonly Tensor[]> {
    const turn = this.#turn.then(() => this.#run(terms, prepack, activation));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Gives the memory back at once: a stage of a plan needs it. What is being run again fails. */
  makeRoom(): void {
    this.#release();
  }

  close(): void {
    this.#control.abort(new Error('this device left the room'));
    this.#release();
  }

  async #run(terms: LoadStage, prepack: boolean | null, activation: Activation): Promise<readonly Tensor[]> {
    const { clock } = this.#options;
    if (this.#idle !== undefined) clock.clearTimeout(this.#idle);
    try {
      const { sequence, decode } = activation;
      const stage = await this.#load(terms, prepack);
      const keeper = new StateKeeper({ drop: (kept) => stage.executor.drop(kept) });
      const past = sequence > 0 ? { runs: [activation], keeper } : undefined;
      const { tensors } = await guarded(clock, runStage({ ...stage, terms }, activation.tensors, past));
      keeper.clear();
      return decode && terms.scores !== undefined ? scoresOf(terms, tensors, decode.picks) : tensors;
    } catch (error) {
      this.#release();
      throw error;
    } finally {
      this.#idle = clock.setTimeout(() => this.#release(), IDLE_MS);
    }
  }

  async #load(terms: LoadStage, prepack: boolean | null): Promise<Stage> {
    const key = `${terms.model}/${terms.shard}/${prepack}`;
    if (this.#loaded?.key === key) return this.#loaded.stage;
    this.#release();
    const { gather, executors, runtime, clock } = this.#options;
    const model = await gather(terms, this.#control.signal);
    this.#control.signal.throwIfAborted();
    const executor = executors();
    try {
      const keeps = terms.kept?.states.map(({ output }) => output) ?? [];
      const load = async (): Promise<Stage> => {
        await executor.open(runtime());
        const options = prepack === null ? undefined : { prepack };
        return { terms, executor, handle: await executor.load({ ...model, keeps }, options) };
      };
      const stage = await guarded(clock, load());
      this.#control.signal.throwIfAborted();
      this.#loaded = { key, stage };
      return stage;
    } catch (error) {
      executor.close();
      throw error;
    }
  }

  #release(): void {
    this.#loaded?.stage.executor.close();
    this.#loaded = undefined;
  }
}

function scoresOf({ scores, sends, kept }: LoadStage, made: readonly Tensor[], picks: number): Tensor[] {
  const unsent = new Set(kept?.unsent);
  const at = sends.filter(({ name }) => !unsent.has(name)).findIndex(({ name }) => name === scores);
  return made.slice(at, at + 1).map((tensor) => lastRows(tensor, picks));
}
