import { RuntimeFailedError } from '../../core/errors.ts';
import type { Clock } from '../../core/mesh/clock.ts';
import {
  type KeptInput,
  type KeptOutput,
  type KeptTensor,
  lastOf,
  ownOf,
  type RunOptions,
  type StageExecutor,
  type StageHandle,
  type StageInput,
  type StageModel,
  type StageResult,
  type WorkerMemory,
} from '../../core/runtime/stage-executor.ts';
import { cutTensor } from '../../core/tensor/cut.ts';
import { joinRows, rowOf } from '../../core/tensor/rows.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { compute, type Values } from './toy-operators.ts';
import { type Program, programOf, type Weights } from './toy-program.ts';

/** Computes the toy models in JavaScript: the same numbers on each device, in no time at all. */
export class ToyExecutor implements StageExecutor {
  readonly #clock: Clock;
  readonly #msPerNode: number;
  readonly #stages = new Map<StageHandle, { program: Program; stage: StageModel; weights: Weights }>();
  readonly kept: Map<number, Tensor> = new Map();
  #next = 1;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, msPerNode: number) {
    this.#clock = clock;
    this.#msPerNode = msPerNode;
  }

  async open<T>(options: T): Promise<T> {
    return options;
  }

  async load(stage: StageModel): Promise<StageHandle> {
    const program = await programOf(stage.model);
    const { weights: pack } = stage;
    const bytes = pack instanceof Blob ? new Uint8Array(await pack.arrayBuffer()) : pack;
    const weights = new Map(
      program.weights.map(({ name, offset, length }) => [
        name,
        new Float32Array((bytes ?? new Uint8Array(0)).slice(offset, offset + length).buffer),
      ]),
    );
    this.#stages.set(this.#next, { program, stage, weights });
    return this.#next++;
  }

  run(handle: StageHandle, inputs: readonly StageInput[], options: RunOptions = {}): Promise<StageResult> {
    const result = this.#queue.then(() => this.#run(handle, inputs, options));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #run(
    handle: StageHandle,
    inputs: readonly StageInput[],
    { sends, keeps = [] }: RunOptions,
  ): Promise<StageResult> {
    const loaded = this.#stages.get(handle);
    if (!loaded) throw new Error(`no stage ${handle}`);
    const { program, stage, weights } = loaded;
    const values: Values = new Map();
    for (const [at, { name }] of stage.inputs.entries()) values.set(name, this.#fed(inputs[at]));
    const computeMs = program.nodes.length * this.#msPerNode;
    if (computeMs > 0) await new Promise<void>((resolve) => void this.#clock.setTimeout(resolve, computeMs));
    if (!this.#stages.has(handle)) throw new RuntimeFailedError('The worker was closed.', { step: 'worker' });
    for (const node of program.nodes) compute(node, values, weights);
    const made = (index: number): Tensor => {
      const tensor = values.get(stage.outputs[index]?.name ?? '');
      if (!tensor) throw new Error('an output was not computed');
      return tensor;
    };
    const kept = keeps.flatMap((order) => this.#keep(made(order.output), order));
    for (const each of lastOf(inputs)) this.kept.delete(each);
    const outputs = (sends ?? stage.outputs.map((_, at) => at)).map((at) => ({
      ...made(at),
      data: made(at).data.slice(),
    }));
    return { outputs, kept, computeMs };
  }

  drop(kept: readonly number[]): void {
    this.#queue = this.#queue.then(() => {
      for (const each of kept) this.kept.delete(each);
    });
  }

  async release(handle: StageHandle): Promise<void> {
    this.#stages.delete(handle);
  }

  async memory(): Promise<WorkerMemory> {
    return { heapBytes: 0, bufferBytes: 0, peakBytes: 0 };
  }

  close(): void {
    this.#stages.clear();
    this.kept.clear();
  }

  #keep(tensor: Tensor, { rows }: KeptOutput): KeptTensor[] {
    return Array.from({ length: rows?.count ?? 1 }, (_, at) => {
      const row = rows ? rowOf(tensor, at, rows.count, ownOf(rows, at)) : tensor;
      const kept = this.#next++;
      this.kept.set(kept, row);
      return { kept, dtype: row.dtype, dims: row.dims, bytes: row.data.byteLength };
    });
  }

  #fed(input: StageInput | undefined): Tensor {
    if (!input) throw new Error('an input is missing');
    if ('data' in input) return input;
    if ('kept' in input) return this.#keptTensor(input);
    return joinRows(
      input.rows.map((row) => row && this.#keptTensor(row)),
      input.fill,
    );
  }

  #keptTensor({ kept, cut }: KeptInput): Tensor {
    const held = this.kept.get(kept);
    if (!held) throw new Error(`no kept tensor ${kept}`);
    return cut ? cutTensor(held, cut) : held;
  }
}
