import { RequestFailedError } from '../../core/errors.ts';
import type { AskResult } from '../../core/runtime/asker.ts';
import type { SequenceAsker } from '../../core/runtime/sequence.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { badRequest } from './door-error.ts';

/** Of one request so many runs are asked for at once: a long plan is kept busy, and others have places too. */
const AT_ONCE = 16;

export interface RunAllOptions<T> {
  readonly signal: AbortSignal;
  /** The field that the items are from. */
  readonly param: string;
  /** What is kept of each answer. */
  readonly read: (result: AskResult) => T;
}

/**
 * Runs the model on each item; the first that fails ends all, as its caller asks for the whole list again.
 * @throws DoorError 400, OverloadedError, RequestFailedError, the signal's reason, and what `read` throws
 */
export async function runAll<T>(
  asker: Pick<SequenceAsker, 'ask'>,
  items: readonly (readonly Tensor[])[],
  { signal, param, read }: RunAllOptions<T>,
): Promise<readonly T[]> {
  const control = new AbortController();
  const results: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      // A signal of its own: the asker listens to it for good.
      const either = AbortSignal.any([signal, control.signal]);
      results[index] = read(await asker.ask(items[index] ?? [], { signal: either }));
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, lane));
    return results;
  } catch (error) {
    // The runtime takes every shape that the graph leaves open until it runs.
    const isInput = error instanceof RequestFailedError && error.data.step === 'run';
    throw isInput ? badRequest(`The model did not run: ${error.message}`, param, 'run_failed') : error;
  } finally {
    control.abort(new Error('Another run of this request failed.'));
  }
}
