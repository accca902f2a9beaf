import { messageOf, OverloadedError, RequestFailedError } from '../errors.ts';
import type { Epoch } from '../ids.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Asker, AskResult } from './asker.ts';

/**
 * Runs of the model one after another whose state, such as a cache of keys and values, stays on the devices that make
 * it. The first begins from zeros. It ends with `end`, with the plan, or with a run that fails: there is no way back,
 * as some stages may be one run ahead of others.
 */
export class Sequence {
  readonly #asker: Asker;
  readonly #number: number;
  #step = 0;
  #epoch: Epoch | null = null;
  #running = false;
  /** Why no further run is possible; null while one is. */
  #over: string | null = null;

  constructor(asker: Asker) {
    this.#asker = asker;
    this.#number = asker.newSequence();
  }

  /**
   * The next run. `tensors`: the model's inputs without the kept states, in the order of the graph; the answer has its
   * outputs without those.
   * @throws RequestFailedError of the step `state` when the state is lost or the sequence has ended; OverloadedError
   * while another run is under way, which changes nothing; else what {@link Asker.ask} throws.
   */
  async run(tensors: readonly Tensor[], options: { signal?: AbortSignal } = {}): Promise<AskResult> {
    if (this.#over !== null) {
      const data = { step: 'state', expected: 'an open sequence', actual: `ended after ${this.#step} runs` };
      throw new RequestFailedError(this.#over, data);
    }
    if (this.#running) {
      const data = { step: 'run a sequence', expected: 'one run at a time', actual: 'a second' };
      throw new OverloadedError(
        'The run before has not ended; each run needs the state of the one before.',
        data,
      );
    }
    this.#running = true;
    const place = { sequence: this.#number, step: this.#step, epoch: this.#epoch };
    try {
      const result = await this.#asker.ask(tensors, { ...options, place });
      this.#step++;
      this.#epoch = result.epoch;
      return result;
    } catch (error) {
      if (!(error instanceof OverloadedError)) {
        this.#over ??= `This sequence ended when a run of it failed: ${messageOf(error)}`;
      }
      throw error;
    } finally {
      this.#running = false;
      if (this.#over !== null) this.#asker.endSequence(this.#number);
    }
  }

  /** Frees the state on all devices, once a run under way is over. */
  end(): void {
    this.#over ??= 'This sequence has ended. Begin a new one.';
    if (!this.#running) this.#asker.endSequence(this.#number);
  }
}
