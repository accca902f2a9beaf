import { RequestFailedError } from '../errors.ts';
import type { Cut } from '../tensor/cut.ts';
import type { KeptTensor } from './stage-executor.ts';

/**
 * How a state of `held` tokens is cut to its first `keep`. It grows along the size that was 0 in `blank`, its shape
 * before the first run.
 * @throws RequestFailedError of the step `state` for one that cannot go back: it does not grow, or forgets.
 */
export function cutState({ dims }: KeptTensor, blank: readonly number[], held: number, keep: number): Cut {
  const axis = blank.indexOf(0);
  if (axis >= 0 && dims[axis] === held) return { axis, keep };
  throw new RequestFailedError('This state cannot go back to an earlier word.', {
    step: 'state',
    expected: `a state that has all of ${held} tokens`,
    actual: `shape [${dims}]`,
  });
}
