import { describe, expect, it } from 'vitest';
import { blocksOf } from './blocks.ts';
import { memorySource } from './byte-source.ts';
import { findCutPoints } from './cut-points.ts';
import {
  floats,
  type GraphParts,
  graphAttribute,
  graph as graphProto,
  intAttribute,
  longs,
  model,
  node,
  value,
  weight,
} from './model-builder.ts';
import { type ModelGraph, modelGraph } from './model-graph.ts';
import { readModel } from './onnx-model.ts';
import { makeShard } from './shard.ts';

const read = async (parts: GraphParts): Promise<ModelGraph> =>
  modelGraph(await readModel(memorySource(model(parts))));

const x = value('x', 'float32', ['N', 4, 8, 8]);
const y = value('y', 'float32');
const w = floats('w', [4, 4, 1, 1], Array(16).fill(1));

/** What crosses each usable cut. */
async function crossings(parts: GraphParts): Promise<string[][]> {
  const cuts = findCutPoints(await read(parts));
  return cuts.filter((cut) => cut.usable).map((cut) => cut.crossing.map(({ name }) => name));
}

describe('cut points', () => {
  it('carry every value that is still needed, inputs and finished outputs included', async () => {
    const nodes = [
      node('Conv', ['x', 'w'], ['a']),
      node('MaxPool', ['a'], ['b']),
      node('Conv', ['b', 'w'], ['c']),
      node('Concat', ['a', 'c', 'x'], ['y']),
    ];
    const outputs = [y, value('b', 'float32')];
    expect(await crossings({ nodes, inputs: [x], outputs, weights: [w] })).toEqual([
      ['x', 'a'],
      ['x', 'a', 'b'],
      ['x', 'a', 'b', 'c'],
    ]);
  });

  it('keep together what runtimes compute as one', async () => {
    const nodes = [
      node('Conv', ['x', 'w'], ['a']),
      node('Relu', ['a'], ['b']),
      node('Conv', ['b', 'w'], ['c']),
      node('Sigmoid', ['c'], ['s']),
      node('Mul', ['c', 's'], ['d']),
      node('Conv', ['d', 'w'], ['y']),
    ];
    expect(await crossings({ nodes, inputs: [x], outputs: [y], weights: [w] })).toEqual([['b'], ['d']]);
  });

  it('keep half-precision scores with the cast that follows', async () => {
    const nodes = [
      node('MatMul', ['x', 'm'], ['scores']),
      node('Cast', ['scores'], ['full'], [intAttribute('to', 1)]),
      node('MatMul', ['full', 'm'], ['y']),
    ];
    const weights = [floats('m', [8, 8], Array(64).fill(1))];
    expect(await crossings({ nodes, inputs: [x], outputs: [y], weights })).toEqual([['full']]);
  });

  it('part a quantised model where the tensor is a quarter of the size', async () => {
    const quantise = (from: string, to: string): Uint8Array<ArrayBuffer>[] => [
      node('QuantizeLinear', [from, 'scale', 'zero'], [`${to}_q`]),
      node('DequantizeLinear', [`${to}_q`, 'scale', 'zero'], [to]),
    ];
    const nodes = [
      ...quantise('x', 'a'),
      node('Conv', ['a', 'w'], ['b']),
      ...quantise('b', 'c'),
      node('Conv', ['c', 'w'], ['y']),
    ];
    const weights = [w, floats('scale', [], [1]), weight('zero', 'uint8', [], Uint8Array.of(3))];
    expect(await crossings({ nodes, inputs: [x], outputs: [y], weights })).toEqual([['a_q'], ['c_q']]);
  });

  const reshaped = (source: string): GraphParts => ({
    nodes: [
      node('Conv', ['x', 'w'], ['a']),
      node('Shape', [source], ['shape']),
      node('Gather', ['shape', 'first'], ['batch']),
      node('Concat', ['batch', 'rest'], ['target']),
      node('MaxPool', ['a'], ['b']),
      node('Conv', ['b', 'w'], ['c']),
      node('Sum', ['c', 'a'], ['d']),
      node('Reshape', ['d', 'target'], ['e']),
      node('MatMul', ['e', 'm'], ['y']),
    ],
    inputs: [x],
    outputs: [y],
    weights: [w, longs('first', [0]), longs('rest', [256]), floats('m', [256, 256], Array(65536).fill(1))],
  });

  it('compute a shape again where its tensor crosses anyway', async () => {
    expect((await crossings(reshaped('a'))).slice(0, 2)).toEqual([['a'], ['a', 'b']]);
  });

  it('send a few bytes of shape rather than the picture they are the shape of', async () => {
    expect((await crossings(reshaped('x'))).slice(0, 2)).toEqual([
      ['a', 'target'],
      ['a', 'target', 'b'],
    ]);
  });

  it('do not send a shape that only later work completes', async () => {
    const nodes = [
      node('Conv', ['x', 'w'], ['a']),
      node('MaxPool', ['a'], ['b']),
      node('Shape', ['x'], ['early']),
      node('Shape', ['b'], ['late']),
      node('Add', ['early', 'late'], ['both']),
      node('Conv', ['b', 'w'], ['c']),
      node('Expand', ['c', 'both'], ['y']),
    ];
    expect(await crossings({ nodes, inputs: [x], outputs: [y], weights: [w] })).toEqual([
      ['a', 'early'],
      ['b', 'both'],
      ['both', 'c'],
    ]);
  });

  it('never send what is made of weights alone', async () => {
    const nodes = [
      node('Transpose', ['m'], ['t']),
      node('MatMul', ['x', 't'], ['a']),
      node('Softmax', ['a'], ['b']),
      node('Gemm', ['b', 't'], ['y']),
    ];
    const weights = [floats('m', [8, 8], Array(64).fill(1))];
    const all = await crossings({ nodes, inputs: [x], outputs: [y], weights });
    expect(all.flat()).not.toContain('t');
    expect(all.length).toBeGreaterThan(0);
  });

  it('draw random numbers once', async () => {
    const nodes = [
      node('RandomNormalLike', ['x'], ['noise']),
      node('Conv', ['x', 'w'], ['a']),
      node('Conv', ['a', 'w'], ['b']),
      node('Sum', ['b', 'noise'], ['y']),
    ];
    for (const cut of await crossings({ nodes, inputs: [x], outputs: [y], weights: [w] })) {
      expect(cut).toContain('noise');
    }
  });

  it('leave a Scan the ranks it must know', async () => {
    const body = graphProto({
      nodes: [node('Relu', ['e'], ['s'])],
      inputs: [value('e', 'float32')],
      outputs: [value('s', 'float32')],
    });
    const nodes = [
      node('Conv', ['x', 'w'], ['a']),
      node('Conv', ['a', 'w'], ['b']),
      node('Scan', ['b'], ['c'], [graphAttribute('body', body)]),
      node('Conv', ['c', 'w'], ['y']),
    ];
    expect(await crossings({ nodes, inputs: [x], outputs: [y], weights: [w] })).toEqual([['c']]);
    const values = [value('b', 'float32', ['N', 4, 8, 8])];
    const typed = await crossings({ nodes, inputs: [x], outputs: [y], weights: [w], values });
    expect(typed).toEqual([['a'], ['b'], ['c']]);
  });

  it('leave out where a value of unknown type would cross', async () => {
    const nodes = [node('Mystery', ['x'], ['a'], [], 'com.example'), node('Conv', ['a', 'w'], ['y'])];
    const [cut] = findCutPoints(await read({ nodes, inputs: [x], outputs: [y], weights: [w] }));
    expect(cut).toMatchObject({ usable: false, refusal: 'the element type of "a" is not known' });
  });
});

describe('a model without cuts', () => {
  const body = graphProto({
    nodes: [node('Relu', ['x'], ['r'])],
    inputs: [],
    outputs: [value('r', 'float32')],
  });
  const branches = [graphAttribute('then_branch', body), graphAttribute('else_branch', body)];

  it.each([
    [
      'all inside one If',
      [node('If', ['c'], ['i'], branches), node('Identity', ['i'], ['y'])],
      'inside one If node "If:i"',
    ],
    ['a single step', [node('Relu', ['x'], ['y'])], 'single step, Relu node'],
    [
      'one fused group',
      [node('Conv', ['x', 'w'], ['a']), node('Relu', ['a'], ['y'])],
      'Conv and Relu are computed as one',
    ],
  ])('says why: %s', async (_, nodes, reason) => {
    const graph = await read({ nodes, inputs: [x, value('c', 'bool', [])], outputs: [y], weights: [w] });
    const blocks = blocksOf(graph);
    expect(blocks.count).toBe(1);
    expect(blocks.uncuttable).toMatchObject({ name: 'UncuttableError' });
    expect(blocks.uncuttable?.message).toContain(reason);
    expect(makeShard(graph, blocks, 0, 1).outputs.map(({ name }) => name)).toEqual(['y']);
  });
});

describe('blocks', () => {
  const chain = (length: number): GraphParts => ({
    nodes: Array.from({ length }, (_, index) =>
      node('Conv', [index === 0 ? 'x' : `v${index}`, 'w'], [index === length - 1 ? 'y' : `v${index + 1}`]),
    ),
    inputs: [x],
    outputs: [y],
    weights: [w],
  });

  it('are at most as many as asked for, spread over the work', async () => {
    const graph = await read(chain(300));
    const blocks = blocksOf(graph);
    expect(blocks.count).toBeLessThanOrEqual(96);
    expect(blocks.count).toBeGreaterThan(80);
    const sizes = blocks.positions.slice(1).map((end, block) => end - (blocks.positions[block] ?? 0));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(8);
    expect(blocksOf(await read(chain(20))).count).toBe(20);
  });

  it('add up to the nodes of the model', async () => {
    const graph = await read(chain(30));
    const blocks = blocksOf(graph, 7);
    let nodes = 0;
    for (let block = 0; block < blocks.count; block++) {
      const shard = makeShard(graph, blocks, block, block + 1);
      nodes += shard.nodeCount;
      expect(shard.receives).toEqual(blocks.boundaries[block]);
      expect(shard.sends).toEqual(blocks.boundaries[block + 1]);
    }
    expect(nodes).toBe(30);
  });
});
