import { describe, expect, it } from 'vitest';
import { blocksOf } from './blocks.ts';
import { memorySource } from './byte-source.ts';
import { floats, model, node, value } from './model-builder.ts';
import { type ModelGraph, modelGraph } from './model-graph.ts';
import { readModel } from './onnx-model.ts';
import { piecesOf } from './pieces.ts';
import { makeShard } from './shard.ts';

const SMALL = 300;
/** Two pieces and a bit. */
const LARGE = 2 * 1024 * 1024 + 300;

/** Four steps, each adding a weight; the last also adds the first one's again. */
async function steps(sizes: readonly number[]): Promise<ModelGraph> {
  const weights = sizes.map((size, at) => floats(`w${at}`, [size], new Array(size).fill(at)));
  const nodes = sizes.flatMap((_, at) => [
    node('Sub', [at === 0 ? 'x' : `y${at - 1}`, `w${at}`], [`m${at}`]),
    node('Sin', [`m${at}`], [`y${at}`]),
  ]);
  const last = `y${sizes.length - 1}`;
  nodes.push(node('Add', [last, 'w0'], ['y']));
  const shape = [sizes[0] ?? 0];
  const bytes = model({
    nodes,
    inputs: [value('x', 'float32', shape)],
    outputs: [value('y', 'float32', shape)],
    weights,
  });
  return modelGraph(await readModel(memorySource(bytes)));
}

describe('pieces', () => {
  it('cover each weight once, in order, none larger than 4 MiB', async () => {
    const graph = await steps([LARGE, LARGE, LARGE]);
    const { all } = piecesOf(graph, blocksOf(graph));
    expect(all.map(({ id }) => id)).toEqual(all.map((_, at) => at));
    expect(Math.max(...all.map(({ length }) => length))).toBe(4 * 1024 ** 2);
    expect(all.reduce((sum, { length }) => sum + length, 0)).toBe(3 * LARGE * 4);
    for (const [at, piece] of all.slice(1).entries()) {
      expect(piece.offset).toBeGreaterThanOrEqual((all[at]?.offset ?? 0) + (all[at]?.length ?? 0));
    }
  });

  it('are shared by neighbours only where the same blocks use both', async () => {
    const graph = await steps([SMALL, SMALL, SMALL, SMALL]);
    const blocks = blocksOf(graph);
    const pieces = piecesOf(graph, blocks);
    const weight = graph.initializers.get('w0');
    if (!weight?.body) throw new Error('w0 is not stored by range');
    const { first } = pieces.placeOf(weight.body);
    // The first and the last stage use w0, and nobody else is sent it.
    const users = Array.from({ length: blocks.count }, (_, at) => makeShard(graph, blocks, at, at + 1)).map(
      ({ weights }) => weights.some(({ id }) => id === first),
    );
    expect(users.filter(Boolean).length).toBe(2);
    expect(pieces.all[first]?.length).toBe(SMALL * 4);
  });

  it('make the pack of any stage, in which each weight lies in one run', async () => {
    const graph = await steps([LARGE, SMALL, LARGE, SMALL]);
    const blocks = blocksOf(graph);
    for (let start = 0; start < blocks.count; start++) {
      for (let end = start + 1; end <= blocks.count; end++) {
        const { weights, weightBytes } = makeShard(graph, blocks, start, end);
        expect(weights.reduce((sum, { length }) => sum + length, 0)).toBe(weightBytes);
        expect(new Set(weights.map(({ id }) => id)).size).toBe(weights.length);
      }
    }
  });
});
