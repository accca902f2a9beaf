import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floats, intAttribute, model, node, value } from '../../core/graph/model-builder.ts';
import { examine } from './examine.ts';
import type { FileReport } from './file-report.ts';
import { modelPaths } from './model-paths.ts';
import { spread } from './try-cuts.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'examine-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function examined(name: string, bytes: Uint8Array): Promise<FileReport> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return examine(path, { inputs: null, dims: {}, limitS: 60 }, () => undefined);
}

const x = value('x', 'float32', ['N', 4]);
const y = value('y', 'float32');
const w = floats('w', [4, 4], Array(16).fill(0.5));
const chain = [
  node('MatMul', ['x', 'w'], ['a']),
  node('MatMul', ['a', 'w'], ['b']),
  node('MatMul', ['b', 'w'], ['y']),
];

describe('a file', () => {
  it('that can be cut is equal, at each cut and in all blocks', async () => {
    const report = await examined(
      'chain.onnx',
      model({ nodes: chain, inputs: [x], outputs: [y], weights: [w] }),
    );
    expect(report).toMatchObject({ verdict: 'equal', cuts: [{ difference: { bitEqual: true } }, {}] });
    expect(report.blocks).toMatchObject({ position: 3, difference: { equal: true } });
  });

  it('of a single step is run whole', async () => {
    const report = await examined(
      'one.onnx',
      model({ nodes: [node('Relu', ['x'], ['y'])], inputs: [x], outputs: [y] }),
    );
    expect(report).toMatchObject({ verdict: 'whole', reason: 'has a single step, Relu node "Relu:y"' });
    expect(report.blocks?.difference?.equal).toBe(true);
  });

  it('that the runtime refuses is refused in its words', async () => {
    const nodes = [node('Mystery', ['x'], ['y'], [], 'com.example')];
    const report = await examined('mystery.onnx', model({ nodes, inputs: [x], outputs: [y] }));
    expect(report.verdict).toBe('refused');
    expect(report.runtime).toContain('com.example');
  });

  it('that is no model is refused by both', async () => {
    const report = await examined('text.onnx', new TextEncoder().encode('hello, this is no model'));
    expect(report).toMatchObject({
      verdict: 'refused',
      reason: expect.stringContaining('not an ONNX model'),
    });
    expect(report.runtime).not.toBeNull();
    expect(
      (await examine(join(folder, 'absent'), { inputs: null, dims: {}, limitS: 60 }, () => undefined))
        .verdict,
    ).toBe('refused');
  });

  it('that draws random numbers is compared by shape', async () => {
    const noise = node('RandomNormalLike', ['a'], ['noise'], [intAttribute('dtype', 1)]);
    const nodes = [node('MatMul', ['x', 'w'], ['a']), noise, node('MatMul', ['noise', 'w'], ['y'])];
    const report = await examined('noise.onnx', model({ nodes, inputs: [x], outputs: [y], weights: [w] }));
    expect(report).toMatchObject({ verdict: 'equal', reason: expect.stringContaining('random') });
  });
});

it('cuts are tried spread over the model', () => {
  expect(spread(6)).toEqual([4, 2, 6, 1, 5, 3]);
  expect(spread(1)).toEqual([1]);
  expect([...spread(319)].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 319 }, (_, index) => index + 1),
  );
});

it('folders stand for the models in them, at any depth', async () => {
  await writeFile(join(folder, 'notes.txt'), '');
  const paths = await modelPaths([join(folder, 'one.onnx'), folder, 'absent.onnx']);
  expect(paths[0]).toBe(join(folder, 'one.onnx'));
  expect(paths).toContain(join(folder, 'chain.onnx'));
  expect(paths).toContain('absent.onnx');
  expect(paths.some((path) => path.endsWith('.txt'))).toBe(false);
});
