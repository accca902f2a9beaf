import { parentPort, workerData } from 'node:worker_threads';
import { expose, transfer } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type {
  ExecutorOptions,
  LoadOptions,
  RunOptions,
  StageHandle,
  StageInput,
  StageModel,
  StageResult,
} from '../core/runtime/stage-executor.ts';
import { buffersOf } from '../core/tensor/tensor.ts';
import type { OrtLike } from '../worker/ort.ts';
import { StageWorker } from '../worker/stage-worker.ts';
import { ipcEndpoint } from './ipc-endpoint.ts';
import { importRuntime } from './natives.ts';

export interface ThreadData {
  readonly runtimeUrl: string;
}

/** The stage worker of a browser tab, on ONNX Runtime for Node; in a thread, or a process of its own. */
class ThreadWorker extends StageWorker {
  readonly #parts = new Map<number, Uint8Array<ArrayBuffer>>();

  /** One part of the weights of {@link loadParts}, of `total` bytes in all; the parts may come in any order. */
  put(number: number, total: number, offset: number, part: Uint8Array<ArrayBuffer>): void {
    const weights = this.#parts.get(number) ?? new Uint8Array(total);
    this.#parts.set(number, weights);
    weights.set(part, offset);
  }

  /** As `load`, with the weights that came under this number. */
  loadParts(number: number, stage: StageModel, how: LoadOptions): Promise<StageHandle> {
    const weights = this.#parts.get(number) ?? null;
    this.#parts.delete(number);
    return this.load({ ...stage, weights }, how);
  }

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
  const { runtimeUrl } = (workerData as ThreadData | null) ?? { runtimeUrl: process.argv[3] ?? '' };
  const ort = await importRuntime(runtimeUrl);
  ort.env.logLevel = 'error';
  return { ort: withThreads(ort, options.threads), options };
}

/** What the process took before: the rest is the runtime's and its weights'. */
const restBytes = process.memoryUsage.rss();
const heap = { bytes: () => Math.max(0, process.memoryUsage.rss() - restBytes), growTo: () => undefined };

export type { ThreadWorker };

if (parentPort) expose(new ThreadWorker(open, { heap }), nodeEndpoint(parentPort));
else if (process.send) {
  expose(new ThreadWorker(open, { heap }), ipcEndpoint(process));
  process.on('disconnect', () => process.exit());
}
