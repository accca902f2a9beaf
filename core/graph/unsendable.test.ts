import { describe, expect, it } from 'vitest';
import { blocksOf } from './blocks.ts';
import { memorySource } from './byte-source.ts';
import { floats, model, node, value } from './model-builder.ts';
import { modelGraph } from './model-graph.ts';
import { readModel } from './onnx-model.ts';
import { bytesField, concat, textField, varintField } from './protobuf-writer.ts';
import { makeShard } from './shard.ts';

/** A ValueInfoProto whose TypeProto has `field`: 1 a tensor of element type `code`, 4 a sequence of such. */
function odd(name: string, field: number, code: number): Uint8Array<ArrayBuffer> {
  const tensor = bytesField(1, varintField(1, code));
  const type = field === 1 ? tensor : bytesField(field, bytesField(1, tensor));
  return concat([textField(1, name), bytesField(2, type)]);
}

const x = value('x', 'float32', [4]);
const y = value('y', 'float32', [4]);
const nodes = [node('Relu', ['x'], ['a']), node('Neg', ['a'], ['b']), node('Relu', ['b'], ['y'])];

describe('what no link carries', () => {
  it.each([
    ['text', odd('t', 1, 8), 'takes "t", which is text'],
    ['bfloat16', odd('t', 1, 16), 'takes "t", which is bfloat16 numbers'],
    ['a sequence', odd('t', 4, 1), 'takes "t", which is a sequence'],
    ['an optional value', odd('t', 9, 1), 'takes "t", which is an optional value'],
  ])('keeps a model whole, and says so: %s', async (_, extra, reason) => {
    const bytes = model({ nodes, inputs: [x, extra], outputs: [y] });
    const graph = modelGraph(await readModel(memorySource(bytes)));
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x']);
    const blocks = blocksOf(graph);
    expect(blocks).toMatchObject({ count: 1, uncuttable: { name: 'UncuttableError' } });
    expect(blocks.uncuttable?.message).toContain(reason);
  });

  it('is an input of the one stage, and an output where a browser can be given it', async () => {
    const more = [node('Identity', ['t'], ['text']), node('SequenceConstruct', ['a'], ['list'])];
    const parts = { inputs: [x, odd('t', 1, 8)], outputs: [y, odd('text', 1, 8), odd('list', 4, 1)] };
    const bytes = model({ ...parts, nodes: [...nodes, ...more] });
    const graph = modelGraph(await readModel(memorySource(bytes)));
    expect(graph.unsendable.map(({ name, inBrowsers }) => [name, inBrowsers])).toEqual([
      ['t', true],
      ['text', true],
      ['list', false],
    ]);
    const shard = makeShard(graph, blocksOf(graph), 0, 1);
    const stage = await readModel(memorySource(shard.model));
    expect([stage.inputs.length, stage.outputs.length, stage.nodes.length]).toEqual([2, 2, 4]);
  });

  it('brings along the weights that only text is made of', async () => {
    const large = floats('w', [32, 32], Array(1024).fill(1));
    const labels = [node('MatMul', ['v', 'w'], ['scores']), node('Identity', ['scores'], ['labels'])];
    const bytes = model({
      nodes: labels,
      inputs: [value('v', 'float32', [32])],
      outputs: [odd('labels', 1, 8)],
      weights: [large],
    });
    const graph = modelGraph(await readModel(memorySource(bytes)));
    expect(makeShard(graph, blocksOf(graph), 0, 1)).toMatchObject({ nodeCount: 2, weightBytes: 4096 });
  });

  it('leaves a model as it is where such values stay inside', async () => {
    const inside = [
      node('SequenceConstruct', ['a'], ['list']),
      node('ConcatFromSequence', ['list'], ['joined']),
      node('Conv', ['joined', 'x'], ['y']),
    ];
    const bytes = model({ nodes: [node('Relu', ['x'], ['a']), ...inside], inputs: [x], outputs: [y] });
    const graph = modelGraph(await readModel(memorySource(bytes)));
    expect(graph.unsendable).toEqual([]);
    const crossing = blocksOf(graph, 99)
      .boundaries.flat()
      .map(({ name }) => name);
    expect(crossing).not.toContain('list');
  });
});
