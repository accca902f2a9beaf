import type { Tensor as OrtTensor } from 'onnxruntime-common';
import * as ort from 'onnxruntime-web/wasm';
import { expect, test } from 'vitest';
import type { KeptRows } from '../core/runtime/stage-executor.ts';
import { KeptTensors } from './kept-tensors.ts';
import { MemoryMeter } from './memory-meter.ts';

const ROWS: KeptRows = { count: 3, own: null };
const three = (): OrtTensor => new ort.Tensor('float32', Float32Array.of(1, 2, 3), [3, 1]);
const input = (kept: number) => ({ kept, cut: null, last: false });

test('brings a tensor down from the GPU once, though several of its rows are wanted', async () => {
  const meter = new MemoryMeter(() => 0);
  const tensors = new KeptTensors(meter);
  const value = three();
  let coming = 0;
  // As the runtime does: a second download of one tensor at the same time is refused.
  value.getData = async () => {
    if (coming++ > 0) throw new Error('The current tensor is being downloaded.');
    await new Promise((resolve) => setTimeout(resolve, 1));
    coming--;
    return value.data;
  };
  const [a, , c] = tensors.keep('state', value, ROWS);
  const rows = [c, a].map((each) => input(each?.kept ?? 0));
  const fed = await tensors.feed(ort.Tensor, { rows, fill: null });
  expect([...(fed.data as Float32Array)]).toEqual([3, 1]);
});

test('a row that rests alone keeps itself and not the others', async () => {
  const meter = new MemoryMeter(() => 0);
  const tensors = new KeptTensors(meter);
  const [a, b, c] = tensors.keep('state', three(), ROWS).map(({ kept }) => kept) as [number, number, number];
  expect(meter.read().bufferBytes).toBe(12);
  tensors.drop([a, c]);
  expect(meter.read().bufferBytes).toBe(4);
  const fed = await tensors.feed(ort.Tensor, input(b));
  expect([...(fed.data as Float32Array), ...fed.dims]).toEqual([2, 1, 1]);
  tensors.drop([b]);
  expect(meter.read().bufferBytes).toBe(0);
});
