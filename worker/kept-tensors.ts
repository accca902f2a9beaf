import type { Tensor as OrtTensor, TensorConstructor } from 'onnxruntime-common';
import { RuntimeFailedError } from '../core/errors.ts';
import type { KeptInput, KeptTensor } from '../core/runtime/stage-executor.ts';
import { cutTensor } from '../core/tensor/cut.ts';
import { isDtype } from '../core/tensor/dtype.ts';
import { tensorBytes } from '../core/tensor/tensor.ts';
import { fromOrt, toOrt } from './feeds.ts';
import type { MemoryMeter } from './memory-meter.ts';

/** The runtime's tensors that stay in the worker between runs, wherever they are: in its memory or on the GPU. */
export class KeptTensors {
  readonly #meter: MemoryMeter;
  readonly #held: Map<number, { readonly value: OrtTensor; readonly bytes: number }> = new Map();
  #next = 1;

  constructor(meter: MemoryMeter) {
    this.#meter = meter;
  }

  /** Takes a result over. @throws RuntimeFailedError for elements that are no numbers. */
  keep(name: string, value: OrtTensor): KeptTensor {
    const { type: dtype, dims } = value;
    if (!isDtype(dtype)) {
      value.dispose();
      const data = { step: 'run', expected: 'a tensor of numbers', actual: dtype };
      throw new RuntimeFailedError(`The state "${name}" has the element type ${dtype}.`, data);
    }
    const bytes = tensorBytes(dtype, dims);
    const kept = this.#next++;
    this.#held.set(kept, { value, bytes });
    this.#meter.take(bytes);
    return { kept, dtype, dims, bytes };
  }

  /** As an input of a run. What is cut comes to the CPU for it. @throws RuntimeFailedError for one that is not here. */
  async feed(make: TensorConstructor, { kept, cut }: KeptInput): Promise<OrtTensor> {
    const value = this.#held.get(kept)?.value;
    if (!value) {
      const data = { step: 'run', expected: 'a kept tensor', actual: `none of the number ${kept}` };
      throw new RuntimeFailedError('The worker no longer has this state.', data);
    }
    if (!cut) return value;
    await value.getData();
    return toOrt(make, cutTensor(fromOrt('state', value), cut));
  }

  drop(kept: Iterable<number>): void {
    for (const each of kept) {
      const held = this.#held.get(each);
      if (!held) continue;
      this.#held.delete(each);
      held.value.dispose();
      this.#meter.giveBack(held.bytes);
    }
  }
}
