import * as ort from 'onnxruntime-web/wasm';
import { afterEach, describe, expect, test } from 'vitest';
import { executorContract } from '../core/runtime/executor-contract.ts';
import type { LoadOptions } from '../core/runtime/stage-executor.ts';
import { asFloat32, fromFloat32 } from '../core/tensor/tensor.ts';
import { SyncReader } from './blob-reader.ts';
import { BytesBlob, readBytesBlob } from './bytes-blob.ts';
import { acceptLazyWeights } from './lazy-weights.ts';
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

describe('StageWorker with lazy weights', () => {
  afterEach(() => {
    Reflect.deleteProperty(Uint8Array.prototype, 'set');
  });
  const weights = (): BytesBlob => new BytesBlob(new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer));
  const lazy = (): StageWorker =>
    new StageWorker(async (options) => ({ ort, options }), {
      reader: new SyncReader(readBytesBlob),
    });
  const results = async (worker: StageWorker, options?: LoadOptions): Promise<number[][]> => {
    await worker.open({ provider: 'wasm', threads: 1 });
    const stage = await worker.load(affineStage(weights()), options);
    const { outputs } = await worker.run(stage, [fromFloat32([1, 4], Float32Array.of(1, 1, 1, 1))]);
    return outputs.map((output) => [...asFloat32(output)]);
  };

  test('gives ONNX Runtime the weights of a Blob, with and without prepacking', async () => {
    acceptLazyWeights();
    expect(await results(lazy())).toEqual([[3, 4, 5, 6]]);
    expect(await results(lazy(), { prepack: false })).toEqual([[3, 4, 5, 6]]);
  });

  test('refuses a stage whose weights did not arrive', async () => {
    const worker = lazy();
    await worker.open({ provider: 'wasm', threads: 1 });
    await expect(worker.load(affineStage(weights()))).rejects.toThrow(/did not take its weights/);
  });

  test('counts weights given as bytes while they load, and not afterwards', async () => {
    const worker = new StageWorker(async (options) => ({ ort, options }));
    await worker.open({ provider: 'wasm', threads: 1 });
    const stage = affineStage(weights().content);
    await worker.load(stage);
    const { bufferBytes, peakBytes } = await worker.memory();
    expect(bufferBytes).toBe(0);
    expect(peakBytes).toBe(stage.model.byteLength + 16);
  });
});
