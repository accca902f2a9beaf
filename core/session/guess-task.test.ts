import { describe, expect, test } from 'vitest';
import type { BoundaryTensor } from '../graph/shard.types.ts';
import { guessTask, type TaskGuess } from './guess-task.ts';
import type { ImagePreprocess } from './state.ts';

type Dims = BoundaryTensor['dims'];

function guess(name: string, input: Dims, output: Dims, metadata: Record<string, string> = {}): TaskGuess {
  const float = (tensor: string, dims: Dims): BoundaryTensor => ({ name: tensor, dtype: 'float32', dims });
  return guessTask({ name, inputs: [float('data', input)], outputs: [float('scores', output)], metadata });
}

function preprocess({ task }: TaskGuess): ImagePreprocess {
  if (task.kind === 'tensors') throw new Error('guessed no picture');
  return task.preprocess;
}

describe('what a model is for', () => {
  test('1000 scores of a picture of any size: ImageNet at 224', () => {
    const found = guess('mobilenetv2-fp32.onnx', ['batch', 3, 'height', 'width'], ['batch', 1000]);
    expect(found).toMatchObject({ labelSet: 'imagenet1k', dims: { batch: 1, height: 224, width: 224 } });
    expect(preprocess(found)).toMatchObject({
      width: 224,
      height: 224,
      layout: 'NCHW',
      channels: 'RGB',
      mean: [0.485, 0.456, 0.406],
      resize: 'stretch',
    });
  });

  test('227 pixels: a network of the Caffe family, blue first, mean pixel taken off', () => {
    const found = guess('squeezenet1.0.onnx', ['N', 3, 227, 227], ['N', 1000, 1, 1]);
    expect(found.labelSet).toBe('imagenet1k');
    expect(preprocess(found)).toMatchObject({ channels: 'BGR', scale: 1, mean: [104, 117, 123] });
  });

  test('32 pixels and 10 classes: CIFAR-10', () => {
    const found = guess('resnet56-cifar10.onnx', ['N', 3, 32, 32], ['N', 10]);
    expect(found.task).toMatchObject({
      kind: 'classify-image',
      labels: expect.arrayContaining(['airplane']),
    });
  });

  test('28 grey pixels and 10 classes: digits, in the range that the family wants', () => {
    expect(guess('digits.onnx', ['N', 1, 28, 28], ['N', 10]).task.kind).toBe('draw-digit');
    expect(preprocess(guess('digits.onnx', ['N', 1, 28, 28], ['N', 10])).scale).toBe(1 / 255);
    expect(preprocess(guess('mnist-8.onnx', [1, 1, 28, 28], [1, 10])).scale).toBe(1);
  });

  test('channels last', () => {
    expect(preprocess(guess('net', [1, 192, 160, 3], [1, 7]))).toMatchObject({
      layout: 'NHWC',
      height: 192,
      width: 160,
      mean: [1, 1, 1],
    });
  });

  test('the file’s own words come before the family', () => {
    const found = guess('alexnet', [1, 3, 227, 227], [1, 1000], {
      'Image.NominalPixelRange': 'Normalized_1_1',
      'Image.BitmapPixelFormat': 'Rgb8',
    });
    expect(preprocess(found)).toMatchObject({ channels: 'RGB', scale: 1 / 127.5, mean: [1, 1, 1] });
  });

  test.each<[string, Dims, Dims]>([
    ['a picture as output', ['N', 3, 720, 720], ['N', 3, 720, 720]],
    ['boxes as output', [1, 3, 416, 416], [1, 3549, 85]],
    ['sound as input', ['N', 512], ['N', 10]],
    ['four channels', [1, 4, 64, 64], [1, 10]],
    ['a fixed batch', [8, 3, 224, 224], [8, 1000]],
    ['an output of unknown rank', [1, 3, 224, 224], null],
    ['a picture too large to be one', [1, 3, 1_000_000, 224], [1, 1000]],
  ])('only tensors: %s', (_, input, output) => {
    expect(guess('net', input, output)).toEqual({ task: { kind: 'tensors' }, labelSet: null, dims: {} });
  });

  test('only tensors: two outputs, as of a face detector', () => {
    const float = (name: string, dims: Dims): BoundaryTensor => ({ name, dtype: 'float32', dims });
    const inputs = [float('input', [1, 3, 240, 320])];
    const outputs = [float('scores', [1, 4420, 2]), float('boxes', [1, 4420, 4])];
    expect(guessTask({ name: 'ultraface', inputs, outputs }).task.kind).toBe('tensors');
  });
});
