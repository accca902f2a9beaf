import { browserExecutor } from './session/worker-client.ts';

/** Stands in for the composition root until it is written, so that the build has every chunk. */
Object.assign(window, { browserExecutor });
