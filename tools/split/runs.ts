import * as ort from 'onnxruntime-web';
import { RuntimeFailedError } from '../../core/errors.ts';
import type { ModelGraph } from '../../core/graph/model-graph.ts';
import { packBytes } from '../../core/graph/pack.ts';
import { PACK_LOCATION, type Shard } from '../../core/graph/shard.types.ts';
import { runStage } from '../../core/runtime/stage.ts';
import { termsAlone } from '../../core/runtime/terms.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { StageWorker } from '../../worker/stage-worker.ts';
import type { ModelFile, WholeModel } from './model-file.ts';
import { fetchNames, ortFeeds, resultTensor } from './ort-values.ts';

/** One thread: the order of sums, and so the last bits, must not depend on the machine. */
const THREADS = 1;

/** Old exporters list weights as inputs, which gives hundreds of warnings. */
const ERRORS_ONLY = 3;

async function openOrt(): Promise<typeof ort> {
  ort.env.wasm.numThreads = THREADS;
  ort.env.logLevel = 'error';
  return ort;
}

type GraphValues = Pick<ModelGraph, 'inputs' | 'outputs' | 'unsendable' | 'declared'>;

/** A model in ONNX Runtime Web, untouched by us. The owner releases it. */
export class WholeSession {
  readonly #session: ort.InferenceSession;

  private constructor(session: ort.InferenceSession) {
    this.#session = session;
  }

  /** Throws what the runtime throws when it refuses the model. */
  static async load({ model, externalData }: WholeModel): Promise<WholeSession> {
    const { InferenceSession } = await openOrt();
    const options = { externalData, logSeverityLevel: ERRORS_ONLY } as const;
    return new WholeSession(await InferenceSession.create(model, options));
  }

  /** Outputs in the graph's order: the tensors of numbers, then as bytes what else a browser can be given. */
  async run(graph: GraphValues, inputs: readonly Tensor[]): Promise<Tensor[]> {
    const names = fetchNames(graph);
    const results = await this.#session.run(ortFeeds(graph, inputs), names);
    return names.map((name) => {
      const result = results[name];
      if (!result) throw new RuntimeFailedError(`The whole model returned no "${name}".`, { step: 'run' });
      return resultTensor(name, result);
    });
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** Runs a model once, untouched by us. */
export async function runWhole(
  model: WholeModel,
  graph: GraphValues,
  inputs: readonly Tensor[],
): Promise<Tensor[]> {
  const session = await WholeSession.load(model);
  try {
    return await session.run(graph, inputs);
  } finally {
    await session.release();
  }
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

  /** Runs the one stage of a model that takes or returns text, which our stages do not carry. */
  async runAlone(shard: Shard, inputs: readonly Tensor[]): Promise<ChainRun> {
    const weights = await this.#weights(shard);
    const model = {
      model: shard.model,
      externalData: weights ? [{ path: PACK_LOCATION, data: weights }] : [],
    };
    // An input that nothing reads is none of the stage's.
    const fed = shard.inputs.flatMap((value) => inputs[shard.receives.indexOf(value)] ?? []);
    const outputs = await runWhole(model, { ...this.#file.graph, inputs: shard.inputs }, fed);
    return { outputs, crossingBytes: [] };
  }

  async #runOne(shard: Shard, received: readonly Tensor[]): Promise<readonly Tensor[]> {
    const { model, inputs, outputs } = shard;
    const weights = await this.#weights(shard);
    const handle = await this.#worker.load({ model, weights, inputs, outputs });
    try {
      return (await runStage({ terms: termsAlone(shard), executor: this.#worker, handle }, received)).tensors;
    } finally {
      await this.#worker.release(handle);
    }
  }

  async #weights(shard: Shard): Promise<Uint8Array<ArrayBuffer> | null> {
    return shard.weightBytes > 0 ? packBytes(shard.weights, this.#file.sourceOf) : null;
  }
}
