import type { Shard } from '../graph/shard.types.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { runStage } from './stage.ts';
import type { StageExecutor, StageModel } from './stage-executor.ts';
import { termsAlone } from './terms.ts';

/** Timed runs after the one that warms up: the least that has a lower quartile. */
const LEAST_RUNS = 3;
/** Runs that take less than this together say little, so there are more of them, up to a limit. */
const RUN_FOR_MS = 15;
const MOST_RUNS = 12;

/** What one part of the model told when it ran alone. */
export interface BlockRun {
  readonly ms: number;
  /** What it sends on, in the order of the shard's `sends`. */
  readonly tensors: readonly Tensor[];
}

/**
 * Loads a shard, times it and releases it. `once`: the first run counts, though it warms up. Else the lower
 * quartile of several: other work only adds time. Rejects with RuntimeFailedError.
 */
export async function measureBlock(
  executor: StageExecutor,
  shard: Shard,
  weights: StageModel['weights'],
  tensors: readonly Tensor[],
  once: boolean,
): Promise<BlockRun> {
  const { model, inputs, outputs } = shard;
  const handle = await executor.load({ model, weights, inputs, outputs });
  try {
    const stage = { terms: termsAlone(shard), executor, handle };
    const fresh = (): Tensor[] => tensors.map((t) => ({ ...t, data: t.data.slice() }));
    let last = await runStage(stage, fresh());
    if (once) return { ms: last.computeMs, tensors: last.tensors };
    const times: number[] = [];
    for (let spent = 0; times.length < LEAST_RUNS || (spent < RUN_FOR_MS && times.length < MOST_RUNS); ) {
      last = await runStage(stage, fresh());
      times.push(last.computeMs);
      spent += last.computeMs;
    }
    times.sort((a, b) => a - b);
    return { ms: times[times.length >> 2] ?? 0, tensors: last.tensors };
  } finally {
    await executor.release(handle);
  }
}
