import { describeDevice } from './session/device-name.ts';
import { profileDevice } from './session/device-profile.ts';
import { browserExecutor } from './session/worker-client.ts';

/** Stands in for the composition root until it is written, so that the build has every chunk. */
Object.assign(window, { browserExecutor, describeDevice, profileDevice });
