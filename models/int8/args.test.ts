import { expect, it } from 'vitest';
import { readArgs } from './args.ts';

it('reads a model and a folder', () => {
  expect(readArgs(['float/model.onnx', '--out', 'int8'])).toEqual({ model: 'float/model.onnx', out: 'int8' });
});

it.each([
  ['', 'one model file'],
  ['a.onnx b.onnx --out d', 'one model file'],
  ['a.onnx', '--out DIR'],
  ['d/a.onnx --out ./d', 'the folder of the model'],
  ['a.onnx --out d --bits 4', 'bits'],
])('refuses "%s"', (line, reason) => {
  expect(() => readArgs(line.split(' ').filter(Boolean))).toThrow(reason);
});
