import { expose, transfer } from 'comlink';
import type { RunOptions, StageHandle, StageInput, StageResult } from '../core/runtime/stage-executor.ts';
import { buffersOf } from '../core/tensor/tensor.ts';
import { SyncReader } from './blob-reader.ts';
import { importBundle } from './bundles.ts';
import { CompiledRuntime } from './compiled-runtime.ts';
import { watchHeap } from './heap-gauge.ts';
import { acceptLazyWeights } from './lazy-weights.ts';
import type { BrowserOptions } from './ort.ts';
import { StageWorker } from './stage-worker.ts';

const runtime = new CompiledRuntime();

/** The worker of a browser tab: ONNX Runtime Web behind Comlink; results move to the page, they are not copied. */
export class BrowserWorker extends StageWorker<BrowserOptions> {
  /** The runtime's code, for the page's next worker; undefined before the first stage. */
  compiled(): WebAssembly.Module | undefined {
    return runtime.module;
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

acceptLazyWeights();
const readSync = (blob: Blob): ArrayBuffer => new FileReaderSync().readAsArrayBuffer(blob);

expose(
  new BrowserWorker(
    async ({ bundle, provider, threads, compiled }) => {
      if (compiled) runtime.use(compiled);
      // Threads share memory, which only an isolated page may do.
      const options = { provider, threads: self.crossOriginIsolated ? threads : 1 };
      return { ort: await importBundle(bundle, options.threads), options };
    },
    {
      heap: watchHeap(),
      reader: new SyncReader(readSync),
    },
  ),
);
