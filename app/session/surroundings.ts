import type { Dial } from '../../core/mesh/dial.ts';
import type { ExecutorFactory } from '../../core/runtime/stage-executor.ts';

/**
 * What lies between this page and the world: nothing. The lab builds the page with a module of its own in this place
 * (e2e/lab/page/surroundings.ts), which shapes links and stretches computing time.
 */
export function surroundDial(dial: Dial): Dial {
  return dial;
}

/** The same for the runtime. */
export function surroundExecutors(executors: ExecutorFactory): ExecutorFactory {
  return executors;
}
