import { describe, expect, it } from 'vitest';
import { blocksOf } from './blocks.ts';
import { memorySource } from './byte-source.ts';
import { floats, type GraphParts, model, node, value } from './model-builder.ts';
import { modelGraph } from './model-graph.ts';
import { readModel } from './onnx-model.ts';

/** Of processor time, a few times what it takes. */
const MAX_MS = 15_000;

const x = value('x', 'float32');
const y = value('y', 'float32');
const w = floats('w', [4, 4], Array(16).fill(1));
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

async function cut(parts: GraphParts): Promise<number> {
  const before = process.cpuUsage();
  const { count } = blocksOf(modelGraph(await readModel(memorySource(model(parts)))));
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(MAX_MS);
  return count;
}

describe('a graph that no exporter would write is cut or kept whole in seconds', () => {
  it('a chain longer than the stack is deep', async () => {
    const chain = times(30_000, (at) => node('Neg', [at ? `s${at}` : 'x'], [`s${at + 1}`]));
    const work = times(200, (at) => node('MatMul', [at ? `a${at}` : 's30000', 'w'], [`a${at + 1}`]));
    const last = node('Relu', ['a200'], ['y']);
    await cut({ nodes: [...chain, ...work, last], inputs: [x], outputs: [y], weights: [w] });
  });

  it('thousands of values alive at once', async () => {
    const made = times(4000, (at) => node('MatMul', ['x', 'w'], [`v${at}`]));
    const read = times(4000, (at) => node('MatMul', [at ? `a${at}` : 'x', `v${at}`], [`a${at + 1}`]));
    const last = node('Relu', ['a4000'], ['y']);
    await cut({ nodes: [...made, ...read, last], inputs: [x], outputs: [y], weights: [w] });
  });

  it('a long chain of shapes, each used by other work', async () => {
    const nodes = times(1000, (at) => [
      node('Add', [at ? `s${at}` : 'shape', 'one'], [`s${at + 1}`]),
      node('Reshape', [at ? `v${at}` : 'x', `s${at + 1}`], [`r${at}`]),
      node('MatMul', [`r${at}`, 'w'], [`v${at + 1}`]),
    ]).flat();
    const inputs = [x, value('shape', 'int64', [2]), value('one', 'int64', [2])];
    const last = node('Relu', ['v1000'], ['y']);
    expect(await cut({ nodes: [...nodes, last], inputs, outputs: [y], weights: [w] })).toBeGreaterThan(1);
  });
}, 120_000);
