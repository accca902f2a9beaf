import { expect, it } from 'vitest';
import { blocksOf } from '../../core/graph/blocks.ts';
import { sampleInputs } from '../../core/graph/sample-inputs.ts';
import { makeShard } from '../../core/graph/shard.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { compare } from '../../tools/split/compare.ts';
import { wholeModel } from '../../tools/split/model-file.ts';
import { evenBoundaries } from '../../tools/split/parts.ts';
import { ChainRunner, runWhole } from '../../tools/split/runs.ts';
import { readArgs } from './args.ts';
import type { Network } from './draft.ts';
import { sizeOf } from './layout.ts';
import { PRESETS } from './presets.ts';
import { keyOf } from './random.ts';
import { withFile } from './temporary-file.ts';

const SMALL_DECODER = '--layers 2 --hidden 64 --heads 4 --kv-heads 2 --mlp 96 --vocab 128 --context 32';
const SMALL_VIT = '--layers 2 --hidden 48 --heads 4 --mlp 96 --classes 10';
const TWO_PICTURES = { N: 2, batch_size: 2 };
/** Two tokens after three in the cache. After a past, GroupQueryAttention takes several tokens for one sequence only. */
const TOKENS = { sequence_length: 2, past_sequence_length: 3, batch_size: 1 };

it.each([
  ['resnet-50', '--layers 14 --hidden 8 --classes 10'],
  ['vit-b', SMALL_VIT],
  ['vit-l', `${SMALL_VIT} --one-file`],
  ['llama-1gb', SMALL_DECODER],
  ['llama-1gb', `${SMALL_DECODER} --one-file`],
  ['llama-1.1b', `${SMALL_DECODER} --ops fused`],
  ['llama-135m', SMALL_DECODER],
  ['llama-135m', `${SMALL_DECODER} --ops fused`],
  ['llama-135m', `${SMALL_DECODER} --dtype q4`],
  ['llama-135m', `${SMALL_DECODER} --dtype q4 --embedding q4`],
  ['llama-0.5b', SMALL_DECODER],
  ['llama-0.5b', `${SMALL_DECODER} --dtype q4`],
])('%s %s runs, and in three parts gives what the whole gives', async (name, options) => {
  const { preset, sizes, style, oneFile } = readArgs([name, '--out', 'x', ...options.split(' ')]);
  await withFile(preset.draft(sizes, style), oneFile, async (file) => {
    const dims = preset.isDecoder ? TOKENS : TWO_PICTURES;
    const inputs = sampleInputs(file.graph.inputs, dims, 1);
    const whole = await runWhole(await wholeModel(file), file.graph, inputs);
    expectUseful(whole[0]);
    const blocks = blocksOf(file.graph);
    const ends = evenBoundaries(blocks, 3);
    const shards = ends.slice(1).map((end, part) => makeShard(file.graph, blocks, ends[part] ?? 0, end));
    const chain = await (await ChainRunner.open(file)).run(shards, inputs);
    expect(compare(whole, chain.outputs)).toMatchObject({ equal: true });
  });
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

it.each(['llama-0.5b', 'llama-1.1b'])(
  '%s computes the same with plain and with fused operators',
  async (name) => {
    const { preset, sizes } = readArgs([name, '--out', 'x', ...SMALL_DECODER.split(' ')]);
    const outputs = (network: Network): Promise<Tensor[]> =>
      withFile(network, true, async (file) =>
        runWhole(await wholeModel(file), file.graph, sampleInputs(file.graph.inputs, TOKENS, 1)),
      );
    const plain = await outputs(preset.draft(sizes, { ops: 'plain' }));
    const fused = await outputs(withPlainWeights(preset.draft(sizes, { ops: 'fused' })));
    expect(compare(plain, fused)).toMatchObject({ equal: true });
  },
);

/** The two exporters give the weights of attention different names, and so these would differ. */
function withPlainWeights(network: Network): Network {
  const weights = network.weights.map((weight) => {
    const key = keyOf(1, weight.name.replace('.attn.', '.self_attn.'));
    const fill: typeof weight.fill = (into, offset) => weight.fill(into, offset, key);
    return { ...weight, fill };
  });
  const { nodes, inputs, outputs } = network;
  return { nodes, inputs, outputs, weights };
}

it('llama-1gb has at least 1 GiB of weights, and no layer near a quarter of that', () => {
  const preset = PRESETS['llama-1gb'];
  const bytes = (layers: number): number =>
    sizeOf(preset?.draft({ ...preset.sizes, layers }, {}).weights ?? []);
  expect(bytes(24)).toBe(1_079_185_648);
  expect(bytes(24)).toBeGreaterThan(2 ** 30);
  expect(bytes(24) - bytes(23)).toBe(43_524_096);
});
