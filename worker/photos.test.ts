import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-web/wasm';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guessTask } from '../core/session/guess-task.ts';
import { imageToTensor } from '../core/tensor/image-tensor.ts';
import { asFloat32 } from '../core/tensor/tensor.ts';
import { softmaxIfLogits, topK } from '../core/tensor/top-k.ts';
import { StageWorker } from './stage-worker.ts';

const SHARED = new URL('../../shared/', import.meta.url);
const here = existsSync(SHARED);
if (!here) console.warn('SKIPPED: ../shared with the test photos and models is missing.');

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

/** The records are rounded to three places; the runtimes differ by less. */
const TOLERANCE = 0.0006;

const worker = new StageWorker(async (options) => ({ ort, options }));
beforeAll(() => worker.open({ provider: 'wasm', threads: 1 }));
afterAll(() => worker.close());

/** The records of ../shared/models/README.md: class and probability. */
describe.skipIf(!here)('guessed preprocessing and our own resizing reproduce the recorded answers', () => {
  test.each<[string, string, (number | string)[], (number | string)[], Record<string, [number, number][]>]>([
    [
      'mobilenetv2-fp32',
      'image',
      ['batch', 3, 'height', 'width'],
      ['batch', 1000],
      {
        'kitten_224.png': [
          [281, 0.87],
          [285, 0.072],
          [282, 0.051],
          [283, 0.001],
          [753, 0.001],
        ],
        'fish.png': [
          [0, 0.536],
          [389, 0.452],
          [758, 0.003],
          [391, 0.002],
          [397, 0.002],
        ],
      },
    ],
    [
      'squeezenet1.0',
      'data',
      ['N', 3, 227, 227],
      ['N', 1000, 1, 1],
      {
        'kitten_224.png': [
          [281, 0.712],
          [285, 0.159],
          [282, 0.085],
          [287, 0.027],
          [269, 0.003],
        ],
        'fish.png': [
          [389, 0.64],
          [0, 0.334],
          [391, 0.015],
          [5, 0.002],
          [29, 0.002],
        ],
      },
    ],
    [
      'resnet56-cifar10',
      'input',
      ['N', 3, 32, 32],
      ['N', 10],
      {
        'kitten_224.png': [
          [3, 0.985],
          [6, 0.015],
          [5, 0],
        ],
        'fish.png': [
          [3, 0.852],
          [6, 0.113],
          [0, 0.032],
        ],
      },
    ],
  ])('%s', async (name, input, dims, scores, records) => {
    const inputs = [{ name: input, dtype: 'float32', dims }] as const;
    const outputName = { mobilenetv2: 'scores', squeezenet1: 'pool_final_out', resnet56: 'logits' }[
      name.split(/[-.]/)[0] ?? ''
    ];
    const outputs = [{ name: outputName ?? '', dtype: 'float32', dims: scores }] as const;
    const { task } = guessTask({ name: `${name}.onnx`, inputs, outputs });
    if (task.kind !== 'classify-image') throw new Error(`guessed ${task.kind}`);
    const model = new Uint8Array(await readFile(new URL(`models/${name}.onnx`, SHARED)));
    const stage = await worker.load({ model, weights: null, inputs, outputs });
    for (const [file, record] of Object.entries(records)) {
      const photo = PNG.sync.read(await readFile(new URL(`data/images/${file}`, SHARED)));
      const result = await worker.run(stage, [imageToTensor(photo, task.preprocess)]);
      const output = result.outputs[0];
      const top = output ? topK(softmaxIfLogits(asFloat32(output)), record.length) : [];
      expect(top.map(({ index }) => index)).toEqual(record.map(([index]) => index));
      top.forEach(({ value }, place) => {
        expect(Math.abs(value - (record[place]?.[1] ?? -1))).toBeLessThan(TOLERANCE);
      });
    }
    await worker.release(stage);
  });
});
