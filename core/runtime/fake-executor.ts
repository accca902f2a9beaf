import { RuntimeFailedError } from '../errors.ts';
import { type Clock, systemClock } from '../mesh/clock.ts';
import { cutTensor } from '../tensor/cut.ts';
import { joinRows, rowOf } from '../tensor/rows.ts';
import { asFloat32, buffersOf, fromFloat32, type Tensor } from '../tensor/tensor.ts';
import { CallQueue } from './call-queue.ts';
import { type FakeOp, parseFakeStage } from './fake-stage.ts';
import {
  type ExecutorOptions,
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
} from './stage-executor.ts';

export type FakeStep = 'open' | 'create' | 'run' | 'release';

export interface FakeExecutorOptions {
  readonly clock?: Clock;
  /** Time that each op of a stage takes on the clock. */
  readonly msPerOp?: number;
  /** Models and weights beyond this do not load. */
  readonly memoryBytes?: number;
  /** What goes wrong at the nth call (from 1) of a step. A call that hangs ends only with `close`. */
  readonly disturb?: (step: FakeStep, nth: number) => 'fail' | 'hang' | undefined;
}

interface LoadedStage {
  readonly ops: readonly FakeOp[];
  readonly stage: StageModel;
  readonly weights: Float32Array;
  readonly bytes: number;
}

/**
 * The in-memory twin of the stage worker: stages are chains of simple arithmetic ({@link parseFakeStage}), so a
 * split chain can be compared with the whole without ONNX Runtime. Like the worker it takes its inputs' buffers.
 */
export class FakeExecutor implements StageExecutor {
  readonly #options: FakeExecutorOptions;
  readonly #clock: Clock;
  readonly #queue: CallQueue = new CallQueue();
  readonly #stages: Map<StageHandle, LoadedStage> = new Map();
  readonly #counts: Map<FakeStep, number> = new Map();
  readonly #kept: Map<number, Tensor> = new Map();
  #opened = false;
  #nextHandle: StageHandle = 1;
  #nextKept = 1;
  #peakBytes = 0;

  constructor(options: FakeExecutorOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  open(options: ExecutorOptions): Promise<ExecutorOptions> {
    return this.#step('open', async () => {
      if (this.#opened) throw failure('open', 'already open', 'one call of open');
      this.#opened = true;
      return options;
    });
  }

  load(stage: StageModel): Promise<StageHandle> {
    const taken = stage.weights instanceof Uint8Array ? take(stage.weights) : stage.weights;
    return this.#step('create', async () => {
      if (!this.#opened) throw failure('create', 'not open', 'open first');
      const bytes = stage.model.byteLength + (taken instanceof Blob ? taken.size : (taken?.byteLength ?? 0));
      const room = (this.#options.memoryBytes ?? Number.POSITIVE_INFINITY) - this.#heldBytes();
      if (bytes > room) throw failure('create', `${bytes} bytes`, `at most ${room} bytes`);
      const ops = parseFakeStage(stage.model);
      const pack = taken instanceof Blob ? await taken.arrayBuffer() : (taken?.buffer ?? new ArrayBuffer(0));
      const weights = new Float32Array(pack, 0, pack.byteLength >> 2);
      this.#stages.set(this.#nextHandle, { ops, stage, weights, bytes });
      this.#peakBytes = Math.max(this.#peakBytes, this.#heldBytes());
      return this.#nextHandle++;
    });
  }

  run(
    handle: StageHandle,
    inputs: readonly StageInput[],
    { sends, keeps = [] }: RunOptions = {},
  ): Promise<StageResult> {
    const own = structuredClone(inputs, { transfer: buffersOf(inputs.filter((each) => 'data' in each)) });
    return this.#step('run', async () => {
      try {
        const { ops, stage, weights } = this.#stage(handle, 'run');
        const fed = own.map((input) => this.#fed(input));
        checkInputs(stage, fed);
        const computeMs = ops.length * (this.#options.msPerOp ?? 0);
        if (computeMs > 0) await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, computeMs));
        const made = stage.outputs.map((_, index) => {
          const input = fed[Math.min(index, fed.length - 1)];
          if (!input) throw failure('run', 'no inputs', 'at least one input');
          return () => apply(ops, weights, input);
        });
        const all = (sends ?? [...made.keys()]).flatMap((index) => made[index]?.() ?? []);
        return {
          outputs: all,
          kept: keeps.flatMap((order) => this.#keep(made[order.output]?.(), order)),
          computeMs,
        };
      } finally {
        this.#free(lastOf(own));
      }
    });
  }

  drop(kept: readonly number[]): void {
    this.#queue.run(async () => this.#free(kept)).catch(() => undefined);
  }

  release(handle: StageHandle): Promise<void> {
    return this.#step('release', async () => {
      this.#stage(handle, 'release');
      this.#stages.delete(handle);
    });
  }

  async memory(): Promise<WorkerMemory> {
    const kept = [...this.#kept.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    this.#peakBytes = Math.max(this.#peakBytes, this.#heldBytes() + kept);
    return { heapBytes: this.#heldBytes(), bufferBytes: kept, peakBytes: this.#peakBytes };
  }

  close(): void {
    this.#stages.clear();
    this.#kept.clear();
    this.#queue.end(failure('close', 'closed', 'an open executor'));
  }

  #keep(tensor: Tensor | undefined, { rows }: KeptOutput): KeptTensor[] {
    if (!tensor) return [];
    return Array.from({ length: rows?.count ?? 1 }, (_, at) => {
      const row = rows ? rowOf(tensor, at, rows.count, ownOf(rows, at)) : tensor;
      const kept = this.#nextKept++;
      this.#kept.set(kept, row);
      return { kept, dtype: row.dtype, dims: row.dims, bytes: row.data.byteLength };
    });
  }

  #fed(input: StageInput): Tensor {
    if ('data' in input) return input;
    if ('kept' in input) return this.#keptTensor(input);
    return joinRows(
      input.rows.map((row) => row && this.#keptTensor(row)),
      input.fill,
    );
  }

  #keptTensor({ kept, cut }: KeptInput): Tensor {
    const held = this.#kept.get(kept);
    if (!held) throw failure('run', `no kept tensor ${kept}`, 'a kept tensor');
    return cut ? cutTensor(held, cut) : held;
  }

  #free(kept: readonly number[]): void {
    for (const each of kept) this.#kept.delete(each);
  }

  #heldBytes(): number {
    return [...this.#stages.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #stage(handle: StageHandle, step: FakeStep): LoadedStage {
    const loaded = this.#stages.get(handle);
    if (!loaded) throw failure(step, `no stage ${handle}`, 'a loaded stage');
    return loaded;
  }

  #step<T>(step: FakeStep, work: () => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      const nth = (this.#counts.get(step) ?? 0) + 1;
      this.#counts.set(step, nth);
      const trouble = this.#options.disturb?.(step, nth);
      if (trouble === 'hang') await new Promise<never>(() => undefined);
      if (trouble === 'fail') throw failure(step, `disturbed at call ${nth}`, 'no disturbance');
      return work();
    });
  }
}

function apply(ops: readonly FakeOp[], weights: Float32Array, input: Tensor): Tensor {
  if (ops.length === 0) return { ...input, data: input.data.slice() };
  if (input.dtype !== 'float32') throw failure('run', input.dtype, 'float32, for a stage with ops');
  const values = asFloat32(input).slice();
  for (const op of ops) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? 0;
      if ('add' in op) values[i] = value + op.add;
      else if ('mul' in op) values[i] = value * op.mul;
      else values[i] = value + (weights[op.addWeight] ?? Number.NaN);
    }
  }
  return fromFloat32(input.dims, values);
}

function checkInputs({ inputs }: StageModel, given: readonly Tensor[]): void {
  const expected = inputs.map((input) => input.dtype).join(', ');
  const actual = given.map((input) => input.dtype).join(', ');
  if (expected !== actual) throw failure('run', actual, expected);
  inputs.forEach(({ dims }, index) => {
    const found = given[index]?.dims ?? [];
    const fits =
      dims === null ||
      (dims.length === found.length &&
        dims.every((dim, axis) => typeof dim !== 'number' || dim === found[axis]));
    if (!fits) throw failure('run', `shape [${found}]`, `shape [${dims}]`);
  });
}

/** Moves bytes out of the caller's hands, as a transfer to a worker does. */
function take(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const own = bytes.slice();
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return own;
}

function failure(step: string, actual: string, expected: string): RuntimeFailedError {
  return new RuntimeFailedError(`The fake runtime failed to ${step}: ${actual}.`, { step, expected, actual });
}
