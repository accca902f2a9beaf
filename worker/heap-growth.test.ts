import { afterAll, expect, test } from 'vitest';
import { fromFloat32 } from '../core/tensor/tensor.ts';
import { watchHeap } from './heap-gauge.ts';
import { StageWorker } from './stage-worker.ts';
import { identityStage } from './tiny-onnx.ts';

const original = WebAssembly.Memory;
afterAll(() => {
  WebAssembly.Memory = original;
});

test('the heap of ONNX Runtime grows to what tensors need, and hardly further', async () => {
  const heap = watchHeap();
  const ort = await import('onnxruntime-web/wasm');
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'fatal';
  const worker = new StageWorker(async (options) => ({ ort, options }), { heap });
  await worker.open({ provider: 'wasm', threads: 1 });
  const stage = await worker.load(identityStage('float32'));
  const before = heap.bytes();
  let most = 0;
  // Each a little larger than the one before, so that the heap grows in small steps.
  for (let megabytes = 40; megabytes < 60; megabytes += 2) {
    const values = new Float32Array((megabytes * 1e6) / 4);
    most = Math.max(most, values.byteLength);
    const { outputs } = await worker.run(stage, [fromFloat32([1, values.length], values)]);
    expect(outputs[0]?.dims).toEqual([1, values.length]);
  }
  // The input and the output are in the heap together.
  expect(heap.bytes()).toBeGreaterThan(2 * most);
  expect(heap.bytes()).toBeLessThan((before + 2 * most) * 1.1);
});
