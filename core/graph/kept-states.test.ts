import { describe, expect, it } from 'vitest';
import { type Blocks, blocksOf } from './blocks.ts';
import { memorySource } from './byte-source.ts';
import { statesWithin, withoutStates } from './kept-states.ts';
import { floats, longs, model, node, value } from './model-builder.ts';
import { type ModelGraph, modelGraph } from './model-graph.ts';
import { readModel } from './onnx-model.ts';
import { makeShard } from './shard.ts';

const LAYERS = 4;
const w = floats('w', [8, 8], Array(64).fill(1));

/** Layers that append to a past each; a mask is made of the length of the first layer's past, as exporters do. */
function decoder(): Uint8Array<ArrayBuffer> {
  const nodes = [
    node('Shape', ['past_0'], ['shape']),
    node('Gather', ['shape', 'axis'], ['length']),
    node('Expand', ['one', 'length'], ['mask']),
  ];
  for (let layer = 0; layer < LAYERS; layer++) {
    nodes.push(
      node('MatMul', [`h${layer}`, 'w'], [`k${layer}`]),
      node('Concat', [`past_${layer}`, `k${layer}`], [`present_${layer}`]),
      node('MatMul', [`present_${layer}`, 'w'], [`scores${layer}`]),
      node('Sum', [`scores${layer}`, 'mask'], [`masked${layer}`]),
      node('MatMul', [`masked${layer}`, 'w'], [`h${layer + 1}`]),
    );
  }
  const past = (name: string): Uint8Array<ArrayBuffer> => value(name, 'float32', [1, 'past', 8]);
  const layers = Array.from({ length: LAYERS }, (_, layer) => layer);
  return model({
    nodes,
    inputs: [value('h0', 'float32', [1, 'n', 8]), ...layers.map((layer) => past(`past_${layer}`))],
    outputs: [value(`h${LAYERS}`, 'float32'), ...layers.map((layer) => value(`present_${layer}`, 'float32'))],
    weights: [w, longs('axis', [1]), floats('one', [1], [1])],
  });
}

async function open(bytes: Uint8Array<ArrayBuffer>): Promise<{ graph: ModelGraph; blocks: Blocks }> {
  const graph = modelGraph(await readModel(memorySource(bytes)));
  return { graph, blocks: blocksOf(graph, 99) };
}

describe('a kept state', () => {
  it('is read and made by its block, and by no other', async () => {
    const { graph, blocks } = await open(decoder());
    expect(blocks.states.map(({ input }) => input)).toEqual(['past_0', 'past_1', 'past_2', 'past_3']);
    expect(new Set(blocks.states.map(({ block }) => block)).size).toBe(LAYERS);
    for (let block = 0; block < blocks.count; block++) {
      const { inputs, outputs } = makeShard(graph, blocks, block, block + 1);
      const own = statesWithin(blocks.states, block, block + 1);
      const names = (tensors: typeof inputs, kind: string): string[] =>
        tensors.map(({ name }) => name).filter((name) => name.startsWith(kind));
      expect(names(inputs, 'past')).toEqual(own.map(({ input }) => input));
      expect(names(outputs, 'present')).toEqual(own.map(({ output }) => output));
    }
  });

  it('is sent by nobody: what its length says is sent instead', async () => {
    const { blocks } = await open(decoder());
    const before = blocks.boundaries[blocks.states.at(-1)?.block ?? 0] ?? [];
    const last = withoutStates(before, blocks.states).map(({ name }) => name);
    expect(last.some((name) => /past|present/.test(name))).toBe(false);
    expect(last.some((name) => ['shape', 'length', 'mask'].includes(name))).toBe(true);
  });

  it('is none that the whole model reads', async () => {
    const steps = Array.from({ length: 12 }, (_, step) => [
      node('MatMul', [`h${step}`, 'w'], [`m${step}`]),
      node('Sum', [`m${step}`, 'cache'], [`h${step + 1}`]),
    ]).flat();
    const bytes = model({
      nodes: [...steps, node('MatMul', ['h12', 'w'], ['cache_out'])],
      inputs: [value('h0', 'float32', [8, 8]), value('cache', 'float32', [8, 8])],
      outputs: [value('h12', 'float32'), value('cache_out', 'float32')],
      weights: [w],
    });
    const { blocks } = await open(bytes);
    expect(blocks.states).toEqual([]);
    expect(blocks.count).toBeGreaterThan(12);
  });

  it('stays with a model that runs whole', async () => {
    const nodes = [node('Sum', ['x', 'state'], ['stateN'])];
    const bytes = model({
      nodes,
      inputs: [value('x', 'float32', [8]), value('state', 'float32', [8])],
      outputs: [value('stateN', 'float32')],
    });
    const { blocks } = await open(bytes);
    expect(blocks).toMatchObject({ count: 1, states: [{ input: 'state', output: 'stateN', block: 0 }] });
  });
});
