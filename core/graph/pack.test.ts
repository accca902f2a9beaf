import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blocksOf } from './blocks.ts';
import { memorySource } from './byte-source.ts';
import { modelGraph } from './model-graph.ts';
import { readModel } from './onnx-model.ts';
import { packBlob, packBytes } from './pack.ts';
import { makeShard } from './shard.ts';

const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
const ranges = [
  { file: '', offset: 90, length: 10 },
  { file: 'w', offset: 0, length: 3 },
];

describe('a pack', () => {
  it('is the ranges end to end, as a Blob and in memory', async () => {
    const expected = [90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 0, 1, 2];
    const blob = packBlob(ranges, () => new Blob([bytes]));
    expect([...new Uint8Array(await blob.arrayBuffer())]).toEqual(expected);
    expect([...(await packBytes(ranges, () => memorySource(bytes)))]).toEqual(expected);
  });

  it('refuses a file that is shorter than the model says', async () => {
    const short = [{ file: 'w', offset: 99, length: 2 }];
    const named = expect.objectContaining({ name: 'ModelFormatError' });
    expect(() => packBlob(short, () => new Blob([bytes]))).toThrow(named);
    await expect(packBytes(short, () => memorySource(bytes))).rejects.toThrow(named);
  });
});

const MODEL = new URL('../../../shared/models/mobilenetv2-fp32.onnx', import.meta.url);

describe.skipIf(!existsSync(MODEL))('shards of a shared model (skipped where ../shared is missing)', () => {
  it('hold each large weight once, and little else', async () => {
    const graph = modelGraph(await readModel(memorySource(new Uint8Array(readFileSync(MODEL)))));
    const blocks = blocksOf(graph);
    const shards = Array.from({ length: blocks.count }, (_, block) =>
      makeShard(graph, blocks, block, block + 1),
    );
    const offsets = shards.flatMap(({ weights }) => weights.map(({ offset }) => offset));
    const whole = makeShard(graph, blocks, 0, blocks.count);
    expect(new Set(offsets).size).toBe(offsets.length);
    expect(offsets.sort((a, b) => a - b)).toEqual(
      whole.weights.map(({ offset }) => offset).sort((a, b) => a - b),
    );
    expect(Math.max(...shards.map(({ model }) => model.length))).toBeLessThan(8 * 1024);
  });
});
