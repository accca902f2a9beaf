import { RequestFailedError } from '../../core/errors.ts';
import type { Asker, AskResult } from '../../core/runtime/asker.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { badRequest } from './door-error.ts';

/** Of one request so many runs are asked for at once: a long plan is kept busy, and others have places too. */
const AT_ONCE = 16;

/**
 * Runs the model on each item; the first that fails ends all, as its caller asks for the whole list again. `param`: the
 * field that the items are from. @throws DoorError 400, OverloadedError, RequestFailedError, the signal's reason
 */
export async function runAll(
  asker: Asker,
  items: readonly (readonly Tensor[])[],
  { signal, param }: { readonly signal: AbortSignal; readonly param: string },
): Promise<readonly AskResult[]> {
  const control = new AbortController();
  const results: AskResult[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      // A signal of its own: the asker listens to it for good.
      const either = AbortSignal.any([signal, control.signal]);
      results[index] = await asker.ask(items[index] ?? [], { signal: either });
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
