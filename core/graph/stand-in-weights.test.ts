import { describe, expect, test } from 'vitest';
import { blocksOf } from './blocks.ts';
import { memorySource } from './byte-source.ts';
import { external, model, node, value } from './model-builder.ts';
import { modelGraph } from './model-graph.ts';
import { readModel } from './onnx-model.ts';
import { makeShard } from './shard.ts';
import { standInPack, standInTensor } from './stand-in-weights.ts';

describe('standInPack', () => {
  test('has the size of the true pack, and in each place a harmless value of the type that lies there', async () => {
    const big = 3 * 1024 * 1024;
    const bytes = model({
      nodes: [node('Add', ['x', 'f'], ['y']), node('Gather', ['h', 'i'], ['z']), node('Cast', ['z'], ['c'])],
      inputs: [value('x', 'float32', [big / 4])],
      outputs: [value('y', 'float32', [big / 4]), value('c', 'float32')],
      weights: [
        external('i', 'int64', [512], { location: 'data', offset: 0, length: 4096 }),
        external('f', 'float32', [big / 4], { location: 'data', offset: 4096, length: big }),
        external('h', 'float16', [1024], { location: 'data', offset: 4096 + big + 64, length: 2048 }),
      ],
    });
    const graph = modelGraph(await readModel(memorySource(bytes)));
    const blocks = blocksOf(graph, 1);
    const shard = makeShard(graph, blocks, 0, blocks.count);
    const pack = new Uint8Array(await standInPack(graph, shard).arrayBuffer());
    expect(pack.byteLength).toBe(shard.weightBytes);
    const counts = new Map<number, number>();
    for (const byte of pack) counts.set(byte, (counts.get(byte) ?? 0) + 1);
    expect(counts.get(0x3c)).toBe(big);
    expect(counts.get(0x22)).toBe(2048);
    expect(counts.get(0)).toBe(shard.weightBytes - big - 2048);
  });
});

describe('standInTensor', () => {
  test('is a small positive constant for floats and zero for integers', () => {
    const floats = new Float32Array(standInTensor('float32', [2, 3]).data.buffer);
    expect([...floats]).toEqual(Array(6).fill(expect.closeTo(0.0115, 4)));
    const doubles = new Float64Array(standInTensor('float64', [2]).data.buffer);
    expect(Math.min(...doubles)).toBeGreaterThan(1e-4);
    expect([...standInTensor('int64', [2]).data]).toEqual(Array(16).fill(0));
  });
});
