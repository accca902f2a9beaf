import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web/wasm';
import { describe, expect, test } from 'vitest';
import { blocksOf } from '../core/graph/blocks.ts';
import { memorySource } from '../core/graph/byte-source.ts';
import { modelGraph } from '../core/graph/model-graph.ts';
import { readModel } from '../core/graph/onnx-model.ts';
import { packBlob } from '../core/graph/pack.ts';
import { sampleInputs } from '../core/graph/sample-inputs.ts';
import { systemClock } from '../core/mesh/clock.ts';
import type { Calibration } from '../core/protocol/calibration.ts';
import { calibrate } from '../core/runtime/calibrate.ts';
import { StageWorker } from './stage-worker.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

const bytes = new Uint8Array(readFileSync('public/models/digits.onnx'));
const file = new Blob([bytes]);
const graph = modelGraph(await readModel(memorySource(bytes)));
const blocks = blocksOf(graph);

function measured(here: boolean): Promise<Calibration> {
  return calibrate({
    graph,
    blocks,
    packOf: async ({ weights }) => (here ? packBlob(weights, () => file) : null),
    executors: () => new StageWorker(async (options) => ({ ort, options })),
    runtime: { provider: 'wasm', threads: 1 },
    inputs: sampleInputs(graph.inputs, {}, 0),
    clock: systemClock,
    unsent: new Set(),
    memoryBytes: 1e9,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
}

describe('a calibration with ONNX Runtime', () => {
  test('knows the same shapes and sizes from stand-ins as from the true weights', async () => {
    const truth = await measured(true);
    const standIns = await measured(false);
    expect(standIns.boundarySamples).toEqual(truth.boundarySamples);
    expect(standIns.boundaryBytes).toEqual(truth.boundaryBytes);
    expect(standIns.blockWeightBytes).toEqual(truth.blockWeightBytes);
    expect(new Set(standIns.estimated)).toEqual(new Set([false]));
    expect(truth.wholeMs).toBeGreaterThan(0);
    expect(standIns.wholeMs).toBeNull();
    expect(standIns.blockMs.every((ms) => ms >= 0 && ms < 1000)).toBe(true);
  });
});
