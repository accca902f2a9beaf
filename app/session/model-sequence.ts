import { fitting, refuseUnknown } from '../../core/graph/given-inputs.ts';
import type { Asker } from '../../core/runtime/asker.ts';
import { Sequence } from '../../core/runtime/sequence.ts';
import type { ModelCard, StageTiming } from '../../core/session/state.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import type { Answer } from './store.ts';

/** A sequence with the names of one model. Its runs are many and short, so they are no questions in the page's log. */
export class ModelSequence {
  readonly #inputs: ModelCard['inputs'];
  readonly #outputs: ModelCard['outputs'];
  readonly #sequence: Sequence;

  constructor({ inputs, outputs, states = [] }: ModelCard, sequence: Sequence) {
    this.#inputs = inputs.filter(({ name }) => !states.some(({ input }) => input === name));
    this.#outputs = outputs.filter(({ name }) => !states.some(({ output }) => output === name));
    this.#sequence = sequence;
  }

  /**
   * `feeds`: each input that is not kept; the outputs are those that are not kept.
   * @throws InputError, which changes nothing; and what {@link Sequence.run} throws.
   */
  async run(
    feeds: Readonly<Record<string, Tensor>>,
  ): Promise<{ outputs: Answer['outputs']; latencyMs: number; stages: readonly StageTiming[] }> {
    refuseUnknown(feeds, this.#inputs);
    const given = this.#inputs.map((input) => fitting(feeds[input.name], input));
    const { tensors, latencyMs, stages } = await this.#sequence.run(given);
    const outputs = this.#outputs.flatMap(({ name }, index) => {
      const value = tensors[index];
      return value ? [{ name, tensor: value }] : [];
    });
    return { outputs, latencyMs, stages };
  }

  end(): void {
    this.#sequence.end();
  }
}

/** Begins a sequence of the model that the asker's room runs. */
export function modelSequence(card: ModelCard, asker: Asker): ModelSequence {
  return new ModelSequence(card, new Sequence(asker));
}
