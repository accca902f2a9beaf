import * as ort from 'onnxruntime-web';
import { RuntimeFailedError } from '../../core/errors.ts';
import type { ModelGraph } from '../../core/graph/model-graph.ts';
import { packBytes } from '../../core/graph/pack.ts';
import type { Shard } from '../../core/graph/shard.types.ts';
import { runStage } from '../../core/runtime/stage.ts';
import { termsAlone } from '../../core/runtime/terms.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { fromOrt, toOrt } from '../../worker/feeds.ts';
import { StageWorker } from '../../worker/stage-worker.ts';
import type { ModelFile, WholeModel } from './model-file.ts';

/** One thread: the order of sums, and so the last bits, must not depend on the machine. */
const THREADS = 1;

/** Old exporters list weights as inputs, which gives hundreds of warnings. */
const ERRORS_ONLY = 3;

async function openOrt(): Promise<typeof ort> {
  ort.env.wasm.numThreads = THREADS;
  ort.env.logLevel = 'error';
  return ort;
}

/** Runs a model untouched by us in ONNX Runtime Web; inputs and outputs in the graph's order. */
export async function runWhole(
  { model, externalData }: WholeModel,
  graph: Pick<ModelGraph, 'inputs' | 'outputs'>,
  inputs: readonly Tensor[],
): Promise<Tensor[]> {
  const { InferenceSession } = await openOrt();
  const options = { externalData, logSeverityLevel: ERRORS_ONLY } as const;
  const session = await InferenceSession.create(model, options);
  const feeds = Object.fromEntries(
    graph.inputs.flatMap(({ name }, index) => {
      const input = inputs[index];
      return input ? [[name, toOrt(ort.Tensor, input)]] : [];
    }),
  );
  const results = await session.run(feeds);
  await session.release();
  return graph.outputs.map(({ name }) => {
    const result = results[name];
    if (!result) throw new RuntimeFailedError(`The whole model returned no "${name}".`, { step: 'run' });
    return fromOrt(name, result);
  });
}

/** What a walk through all stages gave. */
export interface ChainRun {
  readonly outputs: readonly Tensor[];
  /** Bytes handed on after each stage but the last. */
  readonly crossingBytes: readonly number[];
}

/** Runs stages one after another by the code that the page's workers run, each gone before the next is loaded. */
export class ChainRunner {
  readonly #worker = new StageWorker(async (options) => ({ ort: await openOrt(), options }));
  readonly #file: ModelFile;

  private constructor(file: ModelFile) {
    this.#file = file;
  }

  static async open(file: ModelFile): Promise<ChainRunner> {
    const runner = new ChainRunner(file);
    await runner.#worker.open({ provider: 'wasm', threads: THREADS });
    return runner;
  }

  async run(shards: readonly Shard[], inputs: readonly Tensor[]): Promise<ChainRun> {
    let tensors: readonly Tensor[] = inputs.map((input) => ({ ...input, data: input.data.slice() }));
    const crossingBytes: number[] = [];
    for (const shard of shards) {
      tensors = await this.#runOne(shard, tensors);
      crossingBytes.push(tensors.reduce((sum, { data }) => sum + data.byteLength, 0));
    }
    return { outputs: tensors, crossingBytes: crossingBytes.slice(0, -1) };
  }

  async #runOne(shard: Shard, received: readonly Tensor[]): Promise<readonly Tensor[]> {
    const { model, inputs, outputs } = shard;
    const weights = shard.weightBytes > 0 ? await packBytes(shard.weights, this.#file.sourceOf) : null;
    const handle = await this.#worker.load({ model, weights, inputs, outputs });
    try {
      return (await runStage({ terms: termsAlone(shard), executor: this.#worker, handle }, received)).tensors;
    } finally {
      await this.#worker.release(handle);
    }
  }
}
