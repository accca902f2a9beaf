import { parentPort, workerData } from 'node:worker_threads';
import { expose, transfer } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type {
  ExecutorOptions,
  RunOptions,
  StageHandle,
  StageInput,
  StageResult,
} from '../core/runtime/stage-executor.ts';
import { buffersOf } from '../core/tensor/tensor.ts';
import type { OrtLike } from '../worker/ort.ts';
import { StageWorker } from '../worker/stage-worker.ts';
import { importRuntime } from './natives.ts';

export interface ThreadData {
  readonly runtimeUrl: string;
}

/** The stage worker of a browser tab, on ONNX Runtime for Node. */
class ThreadWorker extends StageWorker {
  override async run(
    stage: StageHandle,
    inputs: readonly StageInput[],
    options?: RunOptions,
  ): Promise<StageResult> {
    const result = await super.run(stage, inputs, options);
    return transfer(result, buffersOf(result.outputs));
  }
}

/**
 * Node's runtime takes the number of its threads with each session; the browser's has it once for all. Where outputs are
 * to stay on a graphics card it ends the process as soon as one is fed again (1.30), so they come down.
 */
function withThreads(ort: OrtLike, threads: number): OrtLike {
  const create: OrtLike['InferenceSession']['create'] = (...args: unknown[]) => {
    const [model, { preferredOutputLocation: _, ...options }] = args as [
      Uint8Array,
      { preferredOutputLocation?: unknown },
    ];
    const own = { ...options, intraOpNumThreads: threads, interOpNumThreads: 1 };
    return ort.InferenceSession.create(model, own);
  };
  return { Tensor: ort.Tensor, env: ort.env, InferenceSession: { create } };
}

async function open(options: ExecutorOptions): Promise<{ ort: OrtLike; options: ExecutorOptions }> {
  const ort = await importRuntime((workerData as ThreadData).runtimeUrl);
  ort.env.logLevel = 'error';
  return { ort: withThreads(ort, options.threads), options };
}

/** What the process took before: the rest is the runtime's and its weights'. */
const restBytes = process.memoryUsage.rss();
const heap = { bytes: () => Math.max(0, process.memoryUsage.rss() - restBytes), growTo: () => undefined };

export type { ThreadWorker };

if (parentPort) expose(new ThreadWorker(open, { heap }), nodeEndpoint(parentPort));
