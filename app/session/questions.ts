import { InputError } from '../../core/errors.ts';
import { fitting, refuseUnknown } from '../../core/graph/given-inputs.ts';
import { completeInputs } from '../../core/graph/sample-inputs.ts';
import type { Asker, AskResult } from '../../core/runtime/asker.ts';
import type { SessionEvent } from '../../core/session/events.ts';
import type { ModelCard } from '../../core/session/state.ts';
import { asFloat32, type Tensor } from '../../core/tensor/tensor.ts';
import { softmaxIfLogits, topK } from '../../core/tensor/top-k.ts';
import { imageTensor } from './image-input.ts';
import type { Answer } from './store.ts';

/** As many of the best classes as the page shows. */
const TOP = 5;

/** Turns what people ask (drawings, photos, tensors) into requests, and results into answers. */
export class Questions {
  readonly #asker: Asker;
  readonly #emit: (event: SessionEvent) => void;
  #last: { tensors: readonly Tensor[]; model: ModelCard } | undefined;
  #count = 0;

  constructor(asker: Asker, emit: (event: SessionEvent) => void) {
    this.#asker = asker;
    this.#emit = emit;
  }

  /** @throws InputError when the model does not take images. */
  async image(model: ModelCard, image: ImageBitmap | ImageData, label: string): Promise<Answer> {
    if (model.task.kind === 'tensors') {
      throw new InputError(`${model.name} does not take a picture.`, {
        step: 'ask',
        expected: 'tensors',
        actual: 'a picture',
      });
    }
    const picture = imageTensor(image, model.task);
    return this.tensors(model, { [model.task.preprocess.input]: picture }, 0, label);
  }

  /** Inputs that are not given are filled with seeded random numbers. */
  async tensors(
    model: ModelCard,
    feeds: Readonly<Record<string, Tensor>>,
    seed: number,
    label: string,
  ): Promise<Answer> {
    refuseUnknown(feeds, model.inputs);
    const complete = completeInputs(model.inputs, feeds, model.dims, seed, model.guess);
    const tensors = model.inputs.map((input, index) => fitting(complete[index], input));
    this.#last = { tensors, model };
    return this.#ask(model, tensors, label);
  }

  /** Asks the last question again, `inFlight` at once, until there are `count` answers. */
  async repeat(
    model: ModelCard,
    count: number,
    inFlight: number,
  ): Promise<{ perSecond: number; medianMs: number }> {
    const last = this.#last;
    if (!last || last.model.name !== model.name || last.model.bytes !== model.bytes)
      throw new InputError('Ask something first.', {
        step: 'ask again',
        expected: 'a question',
        actual: 'none yet',
      });
    const latencies: number[] = [];
    let left = count;
    const startedAt = performance.now();
    const lane = async (): Promise<void> => {
      while (left-- > 0) latencies.push((await this.#ask(last.model, last.tensors, 'again')).latencyMs);
    };
    await Promise.all(Array.from({ length: Math.min(inFlight, count) }, lane));
    const seconds = (performance.now() - startedAt) / 1000;
    latencies.sort((a, b) => a - b);
    return { perSecond: count / seconds, medianMs: latencies[latencies.length >> 1] ?? 0 };
  }

  async #ask(model: ModelCard, tensors: readonly Tensor[], label: string): Promise<Answer> {
    const id = ++this.#count;
    this.#emit({ type: 'RequestAsked', id, label, at: Date.now() });
    try {
      const result = await this.#asker.ask(tensors);
      const { latencyMs, epoch, stages } = result;
      this.#emit({ type: 'RequestAnswered', id, latencyMs, epoch, stages });
      return answer(model, id, result);
    } catch (error) {
      this.#emit({
        type: 'RequestFailed',
        id,
        message: error instanceof Error ? error.message : String(error),
        at: Date.now(),
      });
      throw error;
    }
  }
}

function answer(model: ModelCard, request: number, result: AskResult): Answer {
  const outputs = model.outputs.flatMap((output, index) => {
    const value = result.tensors[index];
    return value ? [{ name: output.name, tensor: value }] : [];
  });
  const labels = model.task.kind === 'tensors' ? [] : model.task.labels;
  const scores = outputs[0]?.tensor;
  const isList =
    model.task.kind !== 'tensors' &&
    scores?.dtype === 'float32' &&
    scores.dims.filter((dim) => dim > 1).length <= 1;
  const top = isList
    ? topK(softmaxIfLogits(asFloat32(scores)), TOP).map(({ index, value }) => ({
        index,
        label: labels[index] ?? `class ${index}`,
        probability: value,
      }))
    : [];
  return { request, latencyMs: result.latencyMs, top, outputs };
}
