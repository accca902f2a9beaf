import { messageOf, RuntimeFailedError } from '../../core/errors.ts';
import { systemClock } from '../../core/mesh/clock.ts';
import type { Member } from '../../core/runtime/member.ts';
import type { ExecutorFactory, ExecutorOptions, StageExecutor } from '../../core/runtime/stage-executor.ts';
import { loopbackDial } from './browser-dial.ts';
import type { DeviceDescription } from './device-name.ts';
import { profileDevice } from './device-profile.ts';
import type { Packing } from './loopback.ts';

/** After the first other device came, and again: a browser goes on compiling for a while, which sending must wait for. */
const PACKING_AFTER_MS: readonly number[] = [3000, 20_000, 40_000];
/** Sending is not measured while there is work, which is asked for so often. */
const AT_REST_EVERY_MS = 3000;

/** This device as a place to compute: unknown until measured, then one provider and one variant of the runtime. */
export class DeviceInPage {
  readonly #description: DeviceDescription;
  #options: ExecutorOptions = { provider: 'wasm', threads: 1 };
  #executors: ExecutorFactory | undefined;
  #packing = false;

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

  /**
   * Measures what sending costs this device, where that takes the time of computing, and tells the room. Not before
   * there is anybody to send to: it needs the code of direct connections. What else a browser does can only add to the
   * cost, so the least counts. Never rejects.
   */
  async measurePacking(member: Member): Promise<void> {
    const { status, profile } = member.card;
    if (this.#packing || status !== 'ready' || !profile || !loopbackDial) return;
    this.#packing = true;
    const loopback = await import('./loopback.ts').catch(() => undefined);
    if (!loopback) return;
    const { isCheaper, measurePacking, packs } = loopback;
    if (!packs(navigator.hardwareConcurrency, profile.threads)) return;
    let least: Packing | undefined;
    for (const afterMs of PACKING_AFTER_MS) {
      // The newcomer's first seconds belong to what both must know before they can work together.
      await pause(afterMs);
      while (member.host.queue > 0) await pause(AT_REST_EVERY_MS);
      const found = await measurePacking(loopbackDial, systemClock).catch(() => undefined);
      const now = member.card.profile;
      if (!found || !now || (least && !isCheaper(found, least))) continue;
      least = found;
      const { msPerByte: packMsPerByte, msPerMessage: packMsPerMessage } = found;
      member.setCard({ profile: { ...now, packMsPerByte, packMsPerMessage } });
    }
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

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
