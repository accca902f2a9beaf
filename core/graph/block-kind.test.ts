import { describe, expect, test } from 'vitest';
import { blockKind } from './block-kind.ts';
import { blocksOf } from './blocks.ts';
import { memorySource } from './byte-source.ts';
import { floats, intAttribute, longs, model, node, value, weight } from './model-builder.ts';
import { modelGraph } from './model-graph.ts';
import { readModel } from './onnx-model.ts';
import { makeShard } from './shard.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** The kind of a model as one block: MatMul by a [32, width] weight, Reshape, Gemm by a weight of transB. */
async function kindOf(change: {
  name?: string;
  width?: number;
  shape?: number[];
  fill?: number;
  transB?: number;
}): Promise<string> {
  const { name = 'a', width = 32, shape = [-1, 32], fill = 1, transB = 0 } = change;
  const weights: Bytes[] = [
    weight(`${name}.w`, 'float32', [32, width], new Uint8Array(32 * width * 4).fill(fill)),
    longs(`${name}.shape`, shape),
    floats(`${name}.scale`, [1], [fill]),
  ];
  const bytes = model({
    nodes: [
      node('MatMul', ['x', `${name}.w`], [`${name}.product`]),
      node('Reshape', [`${name}.product`, `${name}.shape`], [`${name}.flat`]),
      node('Mul', [`${name}.flat`, `${name}.scale`], [`${name}.scaled`]),
      node('Gemm', [`${name}.scaled`, `${name}.w`], ['y'], [intAttribute('transB', transB)]),
    ],
    inputs: [value('x', 'float32', ['n', 32])],
    outputs: [value('y', 'float32')],
    weights,
  });
  const graph = modelGraph(await readModel(memorySource(bytes)));
  const blocks = blocksOf(graph, 1);
  return blockKind(graph, makeShard(graph, blocks, 0, blocks.count));
}

describe('blockKind', () => {
  test('is the same for other names and other values of weights', async () => {
    expect(await kindOf({ name: 'layers.7', fill: 9 })).toBe(await kindOf({ name: 'layers.12', fill: 3 }));
  });

  test.each([
    ['the size of a weight', { width: 64 }],
    ['a shape', { shape: [-1, 16] }],
    ['an attribute', { transB: 1 }],
  ])('differs with %s', async (_, change) => {
    expect(await kindOf(change)).not.toBe(await kindOf({}));
  });
});
