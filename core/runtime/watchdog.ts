import { RuntimeFailedError } from '../errors.ts';
import type { Clock } from '../mesh/clock.ts';

/** A run or a load that takes longer hangs (facts.md A4): the worker is ended. */
const LIMIT_MS = 120_000;

/** Steps of a RuntimeFailedError after which the executor is of no use: the watchdog's, and a broken worker's. */
const HUNG = 'watchdog';
const BROKEN = 'worker';

/** Rejects with RuntimeFailedError when `work` takes longer than a run or a load ever should. */
export function guarded<T>(clock: Clock, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const expected = `within ${LIMIT_MS / 1000} s`;
    const timer = clock.setTimeout(() => {
      const data = { step: HUNG, expected, actual: 'still busy' };
      reject(new RuntimeFailedError(`The runtime did not finish ${expected}.`, data));
    }, LIMIT_MS);
    work.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}

/** True when every other item would fail too: the worker is gone, or hangs. */
export function isDead(error: unknown): error is RuntimeFailedError {
  return error instanceof RuntimeFailedError && (error.data.step === HUNG || error.data.step === BROKEN);
}

/** Whether a request that failed at this step did so in the runtime, or took the runtime with it. */
export function isOfRuntime(step: string): boolean {
  return step === 'run' || step === HUNG || step === BROKEN;
}
