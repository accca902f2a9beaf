import { describe, expect, it } from 'vitest';
import { memorySource } from './byte-source.ts';
import {
  floats,
  type GraphParts,
  graphAttribute,
  graph as graphProto,
  intAttribute,
  longs,
  model,
  node,
  tensorAttribute,
  value,
} from './model-builder.ts';
import { type ModelGraph, modelGraph } from './model-graph.ts';
import { readModel } from './onnx-model.ts';
import { bytesField, concat, textField } from './protobuf-writer.ts';

const read = async (parts: GraphParts): Promise<ModelGraph> =>
  modelGraph(await readModel(memorySource(model(parts))));

const x = value('x', 'float32', ['N', 4]);
const y = value('y', 'float32');

describe('modelGraph', () => {
  it('puts nodes into an order in which each value is made before it is read', async () => {
    const nodes = [
      node('Add', ['b', 'a'], ['y']),
      node('Relu', ['a'], ['b']),
      node('Relu', ['x'], ['a']),
      node('Neg', ['x'], ['unused']),
    ];
    const graph = await read({ nodes, inputs: [x], outputs: [y] });
    expect(graph.nodes.map((each) => each.outputs[0])).toEqual(['a', 'b', 'y', 'unused']);
  });

  it.each([
    ['a cycle', [node('Add', ['x', 'b'], ['y']), node('Relu', ['y'], ['b'])]],
    ['a value that nothing makes', [node('Add', ['x', 'nowhere'], ['y'])]],
    ['two makers of one value', [node('Relu', ['x'], ['y']), node('Neg', ['x'], ['y'])]],
    ['an output that nothing makes', [node('Relu', ['x'], ['z'])]],
  ])('refuses %s', async (_, nodes) => {
    await expect(read({ nodes, inputs: [x], outputs: [y] })).rejects.toThrow(
      expect.objectContaining({ name: 'ModelFormatError' }),
    );
  });

  it('is not fed what is a weight, even where the file lists it as an input', async () => {
    const nodes = [node('Add', ['x', 'w'], ['y'])];
    const w = value('w', 'float32', [4]);
    const graph = await read({
      nodes,
      inputs: [x, w],
      outputs: [y],
      weights: [floats('w', [4], [1, 2, 3, 4])],
    });
    expect(graph.inputs).toEqual([{ name: 'x', dtype: 'float32', dims: ['N', 4] }]);
  });

  it('sees what a branch captures, and not what it shadows', async () => {
    const branch = graphProto({
      nodes: [node('Add', ['outer', 'own'], ['sum']), node('Relu', ['sum'], ['out'])],
      inputs: [],
      outputs: [value('out', 'int32')],
      weights: [floats('own', [1], [1])],
    });
    const attributes = [graphAttribute('then_branch', branch), graphAttribute('else_branch', branch)];
    const nodes = [node('Relu', ['x'], ['outer']), node('If', ['c'], ['y'], attributes)];
    const graph = await read({ nodes, inputs: [x, value('c', 'bool', [])], outputs: [y] });
    expect(graph.nodes[1]?.reads).toEqual(['c', 'outer']);
  });

  it('turns a large Constant node into a range of the file', async () => {
    const values = Array.from({ length: 300 }, (_, index) => index);
    const constant = node('Constant', [], ['k'], [tensorAttribute('value', floats('', [300], values))]);
    const bytes = model({ nodes: [constant, node('Add', ['x', 'k'], ['y'])], inputs: [x], outputs: [y] });
    const graph = modelGraph(await readModel(memorySource(bytes)));
    const { offset = 0, length = 0 } = graph.initializers.get('k')?.body ?? {};
    expect([...new Float32Array(bytes.slice(offset, offset + length).buffer)]).toEqual(values);
    expect(graph.nodes).toHaveLength(1);
  });

  it('infers element types where the file declares none', async () => {
    const nodes = [
      node('Shape', ['x'], ['shape']),
      node('Cast', ['shape'], ['halves'], [intAttribute('to', 10)]),
      node('Less', ['x', 'x'], ['less']),
      node('Where', ['less', 'x', 'x'], ['where']),
      node('TopK', ['x', 'k'], ['top', 'places']),
      node('QuantizeLinear', ['x', 'scale', 'zero'], ['quantised']),
      node('DequantizeLinear', ['quantised', 'scale', 'zero'], ['back']),
      node('Mystery', ['x'], ['mystery'], [], 'com.example'),
      node('Identity', ['back'], ['y']),
    ];
    const weights = [longs('k', [1]), floats('scale', [], [1]), longs('zero', [0], [])];
    const { types } = await read({ nodes, inputs: [x], outputs: [y], weights });
    const codes = ['shape', 'halves', 'less', 'where', 'top', 'places', 'quantised', 'back', 'mystery'];
    expect(codes.map((name) => types.get(name)?.code)).toEqual([7, 10, 9, 1, 1, 7, 7, 1, 0]);
  });

  it('infers element types through the model’s own functions and through sequences', async () => {
    const inner = node('Cast', ['p'], ['q'], [intAttribute('to', 10)]);
    const open = node('Cast', ['p'], ['q'], [concat([textField(1, 'to'), textField(21, 'kind')])]);
    const half = functionProto('own', 'Half', ['p'], ['q'], [inner]);
    const twice = functionProto('own', 'Twice', ['p'], ['q'], [node('Half', ['p'], ['q'], [], 'own')]);
    const asked = functionProto('own', 'Asked', ['p'], ['q'], [open]);
    const endless = functionProto('own', 'Endless', ['p'], ['q'], [node('Endless', ['p'], ['q'], [], 'own')]);
    const nodes = [
      node('Twice', ['x'], ['halves'], [], 'own'),
      node('Asked', ['x'], ['asked'], [], 'own'),
      node('Endless', ['x'], ['endless'], [], 'own'),
      node('SplitToSequence', ['halves'], ['list']),
      node('SequenceAt', ['list', 'k'], ['item']),
      node('Identity', ['x'], ['y']),
    ];
    const bytes = concat([
      model({ nodes, inputs: [x], outputs: [y], weights: [longs('k', [0], [])] }),
      ...[half, twice, asked, endless].map((each) => bytesField(25, each)),
    ]);
    const { types } = modelGraph(await readModel(memorySource(bytes)));
    expect(['halves', 'asked', 'endless', 'item'].map((name) => types.get(name)?.code)).toEqual([
      10, 0, 0, 10,
    ]);
    expect(types.get('list')?.kind).toBe('other');
  });
});

/** A FunctionProto. */
function functionProto(
  domain: string,
  name: string,
  inputs: readonly string[],
  outputs: readonly string[],
  nodes: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  return concat([
    textField(1, name),
    ...inputs.map((each) => textField(4, each)),
    ...outputs.map((each) => textField(5, each)),
    ...nodes.map((each) => bytesField(7, each)),
    textField(10, domain),
  ]);
}
