import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { blocksOf } from '../graph/blocks.ts';
import { memorySource } from '../graph/byte-source.ts';
import { initialStates } from '../graph/initial-states.ts';
import { modelGraph } from '../graph/model-graph.ts';
import { readModel } from '../graph/onnx-model.ts';
import { runTraits } from './batching.ts';
import { decoderIo } from './decoder-io.ts';

const ROOT = new URL('../../', import.meta.url);
const SHARED = new URL('../shared/models/', ROOT);
if (!existsSync(SHARED)) console.warn('skipped: ../shared/models is missing, how its decoders run together');

const KNOWN: readonly [path: URL, side: 'left' | 'right' | null][] = [
  [new URL('public/models/bard/model.onnx', ROOT), 'left'],
  [new URL('stories260k/model.onnx', SHARED), 'left'],
  [new URL('decoders/gqa-fp16-2layer.onnx', SHARED), 'right'],
  // Its attention has the past as one tensor for keys and values, whose second axis counts texts.
  [new URL('decoders/gpt2-fused-past.onnx', SHARED), null],
];

test.each(KNOWN.filter(([path]) => existsSync(path)))('%s', async (path, side) => {
  const graph = modelGraph(await readModel(memorySource(new Uint8Array(readFileSync(path)))));
  const states = initialStates(graph.inputs, blocksOf(graph).states, {});
  const io = decoderIo({ ...graph, states });
  const traits = io && runTraits(graph.nodes, io, states);
  expect(traits?.batching?.side ?? null).toBe(side);
  if (traits) expect(traits.invariant).toBe(true);
  const [first] = graph.nodes;
  if (!io || !first) return;
  const rounding = { ...first, opType: 'DynamicQuantizeLinear', inputs: ['x'] };
  expect(runTraits([...graph.nodes, rounding], io, states)).toEqual({ invariant: false, batching: null });
});
