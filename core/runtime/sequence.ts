import { messageOf, OverloadedError, RequestFailedError } from '../errors.ts';
import type { Epoch } from '../ids.ts';
import type { Decode } from '../language/decode.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Asker, AskResult } from './asker.ts';

/** Whom a sequence asks: an {@link Asker}, or what stands before one. */
export type SequenceAsker = Pick<Asker, 'ask' | 'endSequence' | 'newSequence' | 'plan'>;

/**
 * Runs of the model one after another whose state, such as a cache of keys and values, stays on the devices that make
 * it. The first begins from zeros. Several may be under way at once: they pass every stage in order. It ends with
 * `end`, with the plan, or with a run that fails: there is no way back, as some stages may be one run ahead of others.
 */
export class Sequence {
  /** Names it among the sequences of this device. */
  readonly number: number;
  readonly #asker: SequenceAsker;
  #step = 0;
  #epoch: Epoch | null = null;
  #running = 0;
  /** Why no further run is possible; null while one is. */
  #over: string | null = null;

  constructor(asker: SequenceAsker) {
    this.#asker = asker;
    this.number = asker.newSequence();
  }

  /**
   * The next run. `tensors`: the model's inputs without the kept states, in the order of the graph; the answer has its
   * outputs without those, or with `decode` the chosen tokens.
   * @throws RequestFailedError of the step `state` when the state is lost or the sequence has ended; OverloadedError
   * when too much waits, which changes nothing; else what {@link Asker.ask} throws.
   */
  async run(
    tensors: readonly Tensor[],
    { signal, decode }: { signal?: AbortSignal; decode?: Decode } = {},
  ): Promise<AskResult> {
    if (this.#over !== null) {
      const data = { step: 'state', expected: 'an open sequence', actual: `ended after ${this.#step} runs` };
      throw new RequestFailedError(this.#over, data);
    }
    const step = this.#step++;
    const place = { sequence: this.number, step, epoch: this.#epoch, ...(decode && { decode }) };
    this.#running++;
    try {
      const result = await this.#asker.ask(tensors, { ...(signal && { signal }), place });
      this.#epoch = result.epoch;
      return result;
    } catch (error) {
      // Refused before it left; later runs would lack it.
      if (error instanceof OverloadedError && step === this.#step - 1) this.#step--;
      else this.#over ??= `This sequence ended when a run of it failed: ${messageOf(error)}`;
      throw error;
    } finally {
      this.#running--;
      if (this.#over !== null && this.#running === 0) this.#asker.endSequence(this.number);
    }
  }

  /** Frees the state on all devices, once the runs under way are over. */
  end(): void {
    if (this.#over !== null) return;
    this.#over = 'This sequence has ended. Begin a new one.';
    if (this.#running === 0) this.#asker.endSequence(this.number);
  }
}
