import * as ort from 'onnxruntime-web/wasm';
import { executorContract } from '../core/runtime/executor-contract.ts';
import { StageWorker } from './stage-worker.ts';
import { affineStage, identityStage } from './tiny-onnx.ts';

// One thread: the runtime's pool would otherwise keep Node alive.
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

executorContract('ONNX Runtime Web in Node', {
  make: () => new StageWorker(async (options) => ({ ort, options })),
  options: { provider: 'wasm', threads: 1 },
  affine: affineStage,
  identity: identityStage,
  broken: Uint8Array.of(1, 2, 3),
});
