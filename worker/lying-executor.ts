import type {
  LoadOptions,
  RunOptions,
  StageExecutor,
  StageHandle,
  StageInput,
  StageModel,
  StageResult,
} from '../core/runtime/stage-executor.ts';
import { asFloat32, type Tensor } from '../core/tensor/tensor.ts';

/** How a device may compute wrongly. */
export interface Lie {
  /** What it makes of the weights that it was given, as float32. */
  readonly weights?: (weights: Float32Array) => void;
  /** What it makes of each float32 tensor before it hands it on. */
  readonly outputs?: (values: Float32Array) => void;
}

/** Another version of the model: each weight off by a thousandth at most. */
export const STALE: Lie = {
  weights: (weights) => {
    for (let i = 0; i < weights.length; i++)
      weights[i] = (weights[i] ?? 0) * (1 + (((i * 7919) % 200) - 100) / 1e5);
  },
};

/** Weights in 8 bits, each 64 with a step of their own. */
export const INT8: Lie = {
  weights: (weights) => {
    for (let from = 0; from < weights.length; from += 64) {
      const run = weights.subarray(from, from + 64);
      const step = run.reduce((most, each) => Math.max(most, Math.abs(each)), 0) / 127;
      if (step > 0) run.set(run.map((each) => Math.round(each / step) * step));
    }
  },
};

/** One bit of one number is the other way round: 0 is the lowest of the fraction, 23 the lowest of the exponent. */
export function oneBit(bit: number, at: (length: number) => number = () => 0): Lie {
  return {
    outputs: (values) => {
      const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
      const place = at(values.length);
      words[place] = (words[place] ?? 0) ^ (1 << bit);
    },
  };
}

/** A device that computes, but not what it should. */
export class LyingExecutor implements StageExecutor {
  readonly #honest: StageExecutor;
  readonly #lie: Lie;

  constructor(honest: StageExecutor, lie: Lie) {
    this.#honest = honest;
    this.#lie = lie;
  }

  open(...args: Parameters<StageExecutor['open']>): ReturnType<StageExecutor['open']> {
    return this.#honest.open(...args);
  }

  async load(stage: StageModel, options?: LoadOptions): Promise<StageHandle> {
    const { weights } = stage;
    if (!this.#lie.weights || !weights) return this.#honest.load(stage, options);
    const bytes = weights instanceof Blob ? await weights.arrayBuffer() : weights.slice().buffer;
    const whole = new Float32Array(bytes, 0, bytes.byteLength >> 2);
    this.#lie.weights(whole);
    return this.#honest.load({ ...stage, weights: new Uint8Array(bytes) }, options);
  }

  async run(stage: StageHandle, inputs: readonly StageInput[], options?: RunOptions): Promise<StageResult> {
    const result = await this.#honest.run(stage, inputs, options);
    for (const output of result.outputs) this.#twist(output);
    return result;
  }

  drop(kept: readonly number[]): void {
    this.#honest.drop(kept);
  }

  release(stage: StageHandle): Promise<void> {
    return this.#honest.release(stage);
  }

  memory(): ReturnType<StageExecutor['memory']> {
    return this.#honest.memory();
  }

  close(): void {
    this.#honest.close();
  }

  #twist(output: Tensor): void {
    if (output.dtype !== 'float32' || output.data.byteLength === 0) return;
    const values = asFloat32(output);
    this.#lie.outputs?.(values);
    if (values.buffer !== output.data.buffer) output.data.set(new Uint8Array(values.buffer));
  }
}
