import type { Provider } from '../provider.ts';
import { BASE_BYTES } from './footprint.ts';
import type { LoadOptions } from './stage-executor.ts';

/** What is known when a stage is about to load. */
export interface LoadFacts {
  readonly provider: Provider;
  readonly weightBytes: number;
  /** What the whole worker may take. */
  readonly budgetBytes: number;
}

/**
 * Prepacking holds weights twice while they load, in the worst case (one large weight) all of them, and the heap
 * never gives it back. Measured for 270 MB of MatMuls: heap 337 to 534 MB against 281. What it buys depends on
 * the work: batches of 8 and more ran 1.2 to 1.6 times as fast, a single row no faster. On a GPU weights do not pass
 * through the heap.
 */
export function loadPolicy({ provider, weightBytes, budgetBytes }: LoadFacts): LoadOptions {
  return { prepack: provider === 'webgpu' || BASE_BYTES + 2 * weightBytes <= budgetBytes };
}
