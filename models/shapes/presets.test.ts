import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { blocksOf } from '../../core/graph/blocks.ts';
import { sampleInputs } from '../../core/graph/sample-inputs.ts';
import { makeShard } from '../../core/graph/shard.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { compare } from '../../tools/split/compare.ts';
import { openModelFile, wholeModel } from '../../tools/split/model-file.ts';
import { evenBoundaries } from '../../tools/split/parts.ts';
import { ChainRunner, runWhole } from '../../tools/split/runs.ts';
import { readArgs } from './args.ts';
import { sizeOf } from './layout.ts';
import { PRESETS } from './presets.ts';
import { writeNetwork } from './write-network.ts';

const SMALL_DECODER = '--layers 2 --hidden 64 --heads 4 --kv-heads 2 --mlp 96 --vocab 128 --context 32';
/** Two tokens after three that are in the cache. */
const DIMS = { sequence_length: 2, past_sequence_length: 3 };

it.each([
  ['llama-1gb', SMALL_DECODER],
  ['llama-1gb', `${SMALL_DECODER} --one-file`],
])('%s %s runs, and in three parts gives what the whole gives', async (name, options) => {
  const folder = await mkdtemp(join(tmpdir(), 'potluck-shapes-'));
  try {
    const { preset, sizes, style, seed, oneFile } = readArgs([name, '--out', folder, ...options.split(' ')]);
    await writeNetwork(folder, preset.draft(sizes, style), { seed, oneFile });
    const file = await openModelFile(join(folder, 'model.onnx'));
    const inputs = sampleInputs(file.graph.inputs, DIMS, 1);
    const whole = await runWhole(await wholeModel(file), file.graph, inputs);
    expectUseful(whole[0]);
    const blocks = blocksOf(file.graph);
    const ends = evenBoundaries(blocks, 3);
    const shards = ends.slice(1).map((end, part) => makeShard(file.graph, blocks, ends[part] ?? 0, end));
    const chain = await (await ChainRunner.open(file)).run(shards, inputs);
    expect(compare(whole, chain.outputs)).toMatchObject({ equal: true });
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** Finite numbers of a size that neither vanishes nor explodes, and no two rows alike. */
function expectUseful(output: Tensor | undefined): void {
  const values = new Float32Array(output?.data.slice().buffer ?? new ArrayBuffer(0));
  const width = output?.dims.at(-1) ?? 1;
  expect(values.length).toBeGreaterThan(width);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  expect(deviation).toBeGreaterThan(0.05);
  expect(deviation).toBeLessThan(50);
  expect([...values.slice(0, width)]).not.toEqual([...values.slice(-width)]);
}

it('llama-1gb has at least 1 GiB of weights, and no layer near a quarter of that', () => {
  const preset = PRESETS['llama-1gb'];
  const bytes = (layers: number): number =>
    sizeOf(preset?.draft({ ...preset.sizes, layers }, {}).weights ?? []);
  expect(bytes(24)).toBe(1_079_185_648);
  expect(bytes(24)).toBeGreaterThan(2 ** 30);
  expect(bytes(24) - bytes(23)).toBe(43_524_096);
});
