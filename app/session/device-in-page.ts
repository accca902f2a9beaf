import { messageOf, RuntimeFailedError } from '../../core/errors.ts';
import type { Member } from '../../core/runtime/member.ts';
import type { ExecutorFactory, ExecutorOptions, StageExecutor } from '../../core/runtime/stage-executor.ts';
import type { DeviceDescription } from './device-name.ts';
import { profileDevice } from './device-profile.ts';

/** This device as a place to compute: unknown until measured, then one provider and one variant of the runtime. */
export class DeviceInPage {
  readonly #description: DeviceDescription;
  #options: ExecutorOptions = { provider: 'wasm', threads: 1 };
  #executors: ExecutorFactory | undefined;

  constructor(description: DeviceDescription) {
    this.#description = description;
  }

  get runtime(): ExecutorOptions {
    return this.#options;
  }

  /** @throws RuntimeFailedError before the device was measured. */
  executor(): StageExecutor {
    if (this.#executors) return this.#executors();
    throw new RuntimeFailedError('This device is still being measured.', {
      step: 'start the runtime',
      expected: 'a measured device',
      actual: 'not measured yet',
    });
  }

  /** Measures the device and tells the room: ready, or refused with the reason. Never rejects. */
  async measure(member: Member): Promise<void> {
    try {
      const found = await profileDevice(this.#description, (progress) => member.setCard({ progress }));
      if (found.kind === 'refused') {
        member.setCard({ status: 'refused', progress: null, refusal: found.why });
        return;
      }
      this.#options = found.options;
      this.#executors = found.executors;
      member.setCard({ status: 'ready', progress: null, profile: found.profile });
    } catch (error) {
      member.setCard({ status: 'refused', progress: null, refusal: messageOf(error) });
    }
  }
}
