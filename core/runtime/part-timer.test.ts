import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { blocksOf } from '../graph/blocks.ts';
import { memorySource } from '../graph/byte-source.ts';
import { modelGraph } from '../graph/model-graph.ts';
import { readModel } from '../graph/onnx-model.ts';
import { makeShard } from '../graph/shard.ts';
import { systemClock } from '../mesh/clock.ts';
import type { LoadStage } from '../protocol/messages.ts';
import { tensor, tensorBytes } from '../tensor/tensor.ts';
import { timeParts } from './part-timer.ts';
import type { StageExecutor, StageModel } from './stage-executor.ts';
import { termsAlone } from './terms.ts';

const file = new Uint8Array(readFileSync(new URL('../../public/models/digits.onnx', import.meta.url)));
const graph = modelGraph(await readModel(memorySource(file)));
const blocks = blocksOf(graph);
const shards = [makeShard(graph, blocks, 0, 1), makeShard(graph, blocks, 0, blocks.count)];
const parts: LoadStage[] = shards.map((shard, stage) => ({
  ...termsAlone(shard),
  stage,
  warmUp: [{ dims: [1, 1, 28, 28], bytes: null }],
}));

interface Ways {
  /** What the n-th run of a stage takes, in the runtime and besides. */
  readonly computeMs: (run: number) => number;
  readonly besidesMs?: number;
  readonly fails?: boolean;
}

/** An executor that only lets time pass. */
function pretending({ computeMs, besidesMs = 0, fails = false }: Ways, loaded: StageModel[]): StageExecutor {
  let runs = 0;
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  return {
    open: async (options) => options,
    load: async (stage) => {
      loaded.push(stage);
      runs = 0;
      return 1;
    },
    run: async () => {
      if (fails) throw new Error('it fails');
      const ms = computeMs(runs++);
      await wait(ms + besidesMs);
      return {
        outputs: [tensor('float32', [1], new Uint8Array(tensorBytes('float32', [1])))],
        kept: [],
        computeMs: ms,
      };
    },
    drop: () => undefined,
    release: async () => undefined,
    memory: async () => ({ heapBytes: 0, bufferBytes: 0, peakBytes: 0 }),
    close: () => undefined,
  };
}

async function timed(ways: Ways, memoryBytes = 1e9) {
  const loaded: StageModel[] = [];
  const measured = timeParts(parts, {
    executors: () => pretending(ways, loaded),
    runtime: { provider: 'wasm', threads: 1 },
    memoryBytes,
    clock: systemClock,
    thorough: false,
    modelOf: async ({ stage }) => shards[stage]?.model ?? new Uint8Array(),
    signal: new AbortController().signal,
  });
  await vi.advanceTimersByTimeAsync(60_000);
  return { ...(await measured), loaded };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

describe('timeParts', () => {
  it('takes the median of runs that are warm, and what they take besides', async () => {
    const times = [900, 300, 40, 44, 42, 41, 43];
    const { ms, perItemMs, spread } = await timed({
      computeMs: (run) => times[run] ?? 42,
      besidesMs: 3,
    });
    expect(ms).toEqual([42, 42]);
    expect(spread).toEqual({ low: 40 / 42, high: 44 / 42 });
    expect(perItemMs).toBeCloseTo(3, 3);
  });

  it('loads stand-ins as large as the weights', async () => {
    const { loaded } = await timed({ computeMs: () => 1 });
    const sizes = loaded.map(({ weights }) => (weights instanceof Blob ? weights.size : 0));
    expect(sizes.slice(0, shards.length)).toEqual(shards.map(({ weightBytes }) => weightBytes));
  });

  it('says which parts failed, and which do not fit', async () => {
    expect((await timed({ computeMs: () => 1, fails: true })).ms).toEqual([null, null]);
    const { ms } = await timed({ computeMs: () => 7 }, (shards[0]?.weightBytes ?? 0) + 5000);
    expect(ms).toEqual([7, null]);
  });

  it('begins no further part when a slow device has been busy for long', async () => {
    const { ms, loaded } = await timed({ computeMs: () => 4000 });
    expect(ms).toEqual([4000, null]);
    expect(loaded).toHaveLength(1);
  });

  it('takes what few runs of a slow part tell, so that the others get their turn', async () => {
    expect((await timed({ computeMs: () => 1500 })).ms).toEqual([1500, 1500]);
  });

  it('times the first part again at the end, when the runtime has been optimised', async () => {
    let all = 0;
    const { ms } = await timed({ computeMs: () => (all++ < 9 ? 60 : 40) });
    expect(ms).toEqual([40, 40]);
  });
});
