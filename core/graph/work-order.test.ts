import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anatomyOf } from './anatomy.ts';
import { blocksOf } from './blocks.ts';
import { memorySource } from './byte-source.ts';
import { depthFirst } from './depth-first.ts';
import { fewestLive } from './fewest-live.ts';
import { floats, model, node, value } from './model-builder.ts';
import { type ModelGraph, modelGraph } from './model-graph.ts';
import { readModel } from './onnx-model.ts';
import type { OrderTask } from './work-order.ts';

type Bytes = Uint8Array<ArrayBuffer>;
const w = floats('w', [8, 8], Array(64).fill(1));
const x = value('x', 'float32', [8, 8]);
const y = value('y', 'float32', [8, 8]);

const open = async (nodes: readonly Bytes[], inputs: readonly Bytes[] = [x]): Promise<ModelGraph> =>
  modelGraph(await readModel(memorySource(model({ nodes, inputs, outputs: [y], weights: [w] }))));

/** As some decoders are exported: the keys of all layers are made of the encoder's output before the first layer. */
function crossAttention(layers: number): Bytes[] {
  const keys = Array.from({ length: layers }, (_, layer) => node('MatMul', ['enc', 'w'], [`key${layer}`]));
  const steps = Array.from({ length: layers }, (_, layer) => [
    node('MatMul', [layer === 0 ? 'x' : `h${layer}`, 'w'], [`q${layer}`]),
    node('MatMul', [`q${layer}`, `key${layer}`], [layer === layers - 1 ? 'y' : `h${layer + 1}`]),
  ]);
  return [...keys, ...steps.flat()];
}

describe('the order of the work', () => {
  it('puts off what is used late', async () => {
    const graph = await open(crossAttention(8), [x, value('enc', 'float32', [8, 8])]);
    const { boundaries, count } = blocksOf(graph, 99);
    expect(count).toBeGreaterThan(12);
    expect(Math.max(...boundaries.map((crossing) => crossing.length))).toBeLessThanOrEqual(3);
  });

  it('is the file’s where that is as good', async () => {
    const residual = Array.from({ length: 9 }, (_, step) => [
      node('MatMul', [step === 0 ? 'x' : `h${step}`, 'w'], [`a${step}`]),
      node('MatMul', [`a${step}`, 'w'], [`b${step}`]),
      node('Sum', [step === 0 ? 'x' : `h${step}`, `b${step}`], [step === 8 ? 'y' : `h${step + 1}`]),
    ]).flat();
    const { work } = anatomyOf(await open(residual));
    expect(work).toEqual([...work].sort((a, b) => a - b));
  });

  it('holds each node once, after what it needs', () => {
    const graph = fc.array(fc.array(fc.nat(30), { maxLength: 3 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(graph, fc.array(fc.nat(1000), { minLength: 40, maxLength: 40 }), (reads, bytes) => {
        const needs = reads.map((each, node) => [...new Set(each)].filter((need) => need < node));
        const read = new Set(needs.flat());
        const nodes = [...reads.keys()];
        const task: OrderTask = {
          nodes,
          isWork: () => true,
          readsOf: (node) => (needs[node] ?? []).map(String),
          makesOf: (node) => [String(node)],
          makerOf: Number,
          bytesOf: (name) => bytes[Number(name)] ?? 0,
          pairs: [],
          inputs: [],
          outputs: nodes.filter((node) => !read.has(node)).map(String),
        };
        for (const order of [depthFirst(task), fewestLive(task)]) {
          expect(order.toSorted((a, b) => a - b)).toEqual(nodes);
          const place = new Map(order.map((node, at) => [node, at]));
          for (const node of nodes) {
            for (const need of needs[node] ?? []) {
              expect(place.get(need)).toBeLessThan(place.get(node) ?? -1);
            }
          }
        }
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it('takes 20,000 nodes in two seconds of a processor', async () => {
    const graph = await open(crossAttention(6_700), [x, value('enc', 'float32', [8, 8])]);
    const start = process.cpuUsage();
    expect(anatomyOf(graph).work).toHaveLength(20_100);
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(2);
  }, 30_000);
});
