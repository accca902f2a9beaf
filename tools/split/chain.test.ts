import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Blocks } from '../../core/graph/blocks.ts';
import { blocksOf } from '../../core/graph/blocks.ts';
import { memorySource } from '../../core/graph/byte-source.ts';
import { findCutPoints } from '../../core/graph/cut-points.ts';
import { floats, longs, model, node, value } from '../../core/graph/model-builder.ts';
import { modelGraph } from '../../core/graph/model-graph.ts';
import { readModel } from '../../core/graph/onnx-model.ts';
import { sampleInputs } from '../../core/graph/sample-inputs.ts';
import { makeShard } from '../../core/graph/shard.ts';
import { compare } from './compare.ts';
import { type ModelFile, openModelFile, wholeModel } from './model-file.ts';
import { evenBoundaries } from './parts.ts';
import { ChainRunner, runWhole } from './runs.ts';

/** 64 rows: a weight of full size is over the 1 KB from which weights leave the model. */
const ROWS = 64;
const WIDTH = 5;

type Step = readonly [op: string, first: number, second: number];

/** A graph in which each step reads earlier values; whatever is read by nothing is an output. */
function build(steps: readonly Step[]): Uint8Array<ArrayBuffer> {
  const names = ['x', 'z'];
  const widths = [WIDTH, WIDTH];
  const read = new Set<string>();
  const weights = [longs('axis', [1])];
  const nodes = steps.flatMap(([op, first, second], index) => {
    const a = first % names.length;
    const width = widths[a] ?? WIDTH;
    const same = names.map((_, each) => each).filter((each) => widths[each] === width);
    const b = op === 'Concat' ? second % names.length : (same[second % same.length] ?? a);
    const name = `v${index}`;
    const [left = '', right = ''] = [names[a], names[b]];
    names.push(name);
    widths.push(op === 'Concat' ? width + (widths[b] ?? WIDTH) : width);
    read.add(left);
    if (op === 'Add' || op === 'Mul' || op === 'Concat') read.add(right);
    return nodesOf(op, left, right, name, width, weights);
  });
  const outputs = names.slice(2).filter((name) => !read.has(name));
  return model({
    nodes,
    inputs: [value('x', 'float32', ['rows', WIDTH]), value('z', 'float32', ['rows', WIDTH])],
    outputs: outputs.map((name) => value(name, 'float32')),
    weights,
  });
}

function nodesOf(
  op: string,
  left: string,
  right: string,
  name: string,
  width: number,
  weights: Uint8Array<ArrayBuffer>[],
): Uint8Array<ArrayBuffer>[] {
  if (op === 'Relu') return [node('Relu', [left], [name])];
  if (op === 'Weight') {
    const values = Array.from({ length: ROWS * width }, (_, index) => Math.sin(index));
    weights.push(floats(`${name}.w`, [ROWS, width], values));
    return [node('Sub', [left, `${name}.w`], [name])];
  }
  if (op === 'Shape') {
    // As exporters write views: a shape taken apart, put together and used further down.
    return [
      node('Shape', [left], [`${name}.shape`]),
      node('Gather', [`${name}.shape`, 'axis'], [`${name}.width`]),
      node('ConstantOfShape', [`${name}.width`], [`${name}.zeros`]),
      node('Add', [left, `${name}.zeros`], [name]),
    ];
  }
  if (op === 'Concat') return [node('Concat', [left, right], [name], [CONCAT_AXIS])];
  return [node(op, [left, right], [name])];
}

const CONCAT_AXIS = Uint8Array.from([10, 4, 97, 120, 105, 115, 24, 1, 160, 1, 2]);

it('a random graph cut at any two places gives what the whole gives', async () => {
  const op = fc.constantFrom('Add', 'Mul', 'Relu', 'Concat', 'Weight', 'Shape');
  const step = fc.tuple(op, fc.nat(1000), fc.nat(1000));
  const recipe = fc.record({
    steps: fc.array(step, { minLength: 3, maxLength: 14 }),
    cuts: fc.tuple(fc.nat(1000), fc.nat(1000)),
  });
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(recipe, async ({ steps, cuts }) => {
      const bytes = build(steps);
      const source = memorySource(bytes);
      const graph = modelGraph(await readModel(source));
      const file: ModelFile = { path: '', graph, sourceOf: () => source, externalFiles: [] };
      const inputs = sampleInputs(graph.inputs, { rows: ROWS }, 7);
      // Every place counts, also those that the page would leave out because runtimes fuse there.
      const places = findCutPoints(graph).filter((cut) => cut.crossing.length > 0);
      const chosen = [...new Set(cuts.map((cut) => places[cut % places.length]))].sort(
        (a, b) => (a?.position ?? 0) - (b?.position ?? 0),
      );
      if (places.length === 0) return;
      const boundaries = [graph.inputs, ...chosen.map((cut) => cut?.crossing ?? []), graph.outputs];
      const count = boundaries.length - 1;
      const blocks: Blocks = { count, boundaries, positions: [], costs: [], states: [], uncuttable: null };
      const shards = boundaries.slice(1).map((_, block) => makeShard(graph, blocks, block, block + 1));
      const chain = await (await ChainRunner.open(file)).run(shards, inputs);
      const whole = await runWhole({ model: bytes, externalData: [] }, graph, inputs);
      expect(compare(whole, chain.outputs)).toMatchObject({ equal: true });
      checked++;
    }),
    { seed: 11, numRuns: 30 },
  );
  expect(checked).toBeGreaterThan(25);
}, 60_000);

const SHARED = new URL('../../../shared/models/', import.meta.url);

describe.skipIf(!existsSync(SHARED))('the shared models (skipped where ../shared is missing)', () => {
  it.each([
    ['mnist-8.onnx', 3],
    ['mobilenetv2-fp32.onnx', 3],
    ['gtcrn_simple.onnx', 4],
    ['stories260k/model.onnx', 3],
    ['decoders/gpt2-fused-past.onnx', 2],
    ['torture/bert_toy_optimized.onnx', 3],
    ['torture/CNTK__test_LSTM.tanh.bidirectional__model.onnx', 2],
    ['torture/scan_1.onnx', 2],
    ['torture/conv_qdq_external_ini.onnx', 2],
    ['torture/model_with_external_initializers.onnx', 1],
    ['torture/initializer_as_output.onnx', 1],
    ['torture/function_with_variadics.onnx', 1],
    ['torture/subgraph_implicit_input_from_initializer.onnx', 1],
    ['torture/ort_minimal_test_models__sparse_initializer_handling.onnx', 1],
  ])('%s in %d parts gives what the file gives', async (path, parts) => {
    const file = await openModelFile(new URL(path, SHARED).pathname);
    const blocks = blocksOf(file.graph);
    const boundaries = evenBoundaries(blocks, parts);
    const shards = boundaries
      .slice(1)
      .map((end, stage) => makeShard(file.graph, blocks, boundaries[stage] ?? 0, end));
    const inputs = sampleInputs(file.graph.inputs, { height: 96, width: 96 }, 1);
    const chain = await (await ChainRunner.open(file)).run(shards, inputs);
    expect(compare(await runWhole(await wholeModel(file), file.graph, inputs), chain.outputs)).toMatchObject({
      equal: true,
    });
  });
});
