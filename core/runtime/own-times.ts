import type { Clock } from '../mesh/clock.ts';
import type { LoadStage, MeasureParts, PartsMeasured } from '../protocol/messages.ts';
import type { DeviceCard } from '../session/state.ts';
import { type MeasuredParts, type TimesCache, timeParts } from './part-timer.ts';
import type { ExecutorFactory, ExecutorOptions } from './stage-executor.ts';

export interface OwnTimesOptions {
  readonly executors: ExecutorFactory;
  readonly runtime: () => ExecutorOptions;
  readonly clock: Clock;
  /** What this device measured on earlier visits; nothing is kept without it. */
  readonly cache: TimesCache | undefined;
  readonly card: () => DeviceCard;
  /** Bytes that stages take on this device now. */
  readonly heldBytes: () => Promise<number>;
  /** The small model of a part; rejects with the signal's reason. */
  readonly modelOf: (part: LoadStage, signal: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>;
  readonly answer: (message: PartsMeasured) => void;
}

/** Times parts of the model on this device for the leader, or remembers them. What the last message asked for counts. */
export class OwnTimes {
  readonly #options: OwnTimesOptions;
  #control: AbortController | undefined;

  constructor(options: OwnTimesOptions) {
    this.#options = options;
  }

  measure(message: MeasureParts): void {
    this.stop('another question came');
    const control = new AbortController();
    this.#control = control;
    this.#answer(message, control.signal).catch(() => {
      // Another question came, which will be answered.
    });
  }

  stop(reason: string): void {
    this.#control?.abort(new Error(reason));
  }

  async #answer({ model, fresh, parts }: MeasureParts, signal: AbortSignal): Promise<void> {
    const { cache, card, answer } = this.#options;
    const key = keyOf(parts, card());
    const known = (fresh ? null : cache?.get(key)) ?? null;
    if (known?.ms.length === parts.length) return answer({ type: 'parts-measured', model, ...known });
    const measured = await this.#time(parts, fresh, signal);
    // Where every part failed, the next visit may do better.
    if (measured.ms.some((ms) => ms !== null)) cache?.put(key, measured);
    answer({ type: 'parts-measured', model, ...measured });
  }

  async #time(parts: readonly LoadStage[], thorough: boolean, signal: AbortSignal): Promise<MeasuredParts> {
    const { executors, runtime, clock, card, heldBytes, modelOf } = this.#options;
    return timeParts(parts, {
      executors,
      runtime: runtime(),
      memoryBytes: (card().profile?.memoryBytes ?? 0) - (await heldBytes().catch(() => 0)),
      clock,
      thorough,
      modelOf: (part) => modelOf(part, signal),
      signal,
    });
  }
}

/** All that the times depend on. */
function keyOf(parts: readonly LoadStage[], { profile }: DeviceCard): string {
  const fed = parts.map(({ shard, warmUp }) => [shard, warmUp.map(({ dims }) => dims)]);
  return JSON.stringify([
    profile?.provider,
    profile?.threads,
    profile?.runtime,
    profile?.adapter,
    profile?.memoryBytes,
    fed,
  ]);
}
