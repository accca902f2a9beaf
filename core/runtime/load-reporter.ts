import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { LoadReport } from '../session/state.ts';
import type { MemoryWatch } from './memory-watch.ts';
import type { StageHost } from './stage-host.ts';

/** A load report a second: what people can follow, for a few hundred bytes. */
const REPORT_EVERY_MS = 1000;
/** Unless a stage has changed its pace by more than this, though not more often than that. */
const NEWS_FACTOR = 1.3;
/** Less than this is no news, whatever the factor: a stage of half a millisecond is never twice the same. */
const NEWS_MS = 3;
const REPORT_AT_MOST_EVERY_MS = 200;
/** A quiet device has nothing new to tell but every so many reports. */
const QUIET_REPORTS = 5;

export interface LoadReporterOptions {
  readonly host: StageHost;
  readonly network: Network;
  readonly clock: Clock;
  readonly memory: MemoryWatch;
  /** `isNews`: others should hear of it too. */
  readonly tell: (load: LoadReport, isNews: boolean) => void;
}

/** Says once a second how busy this device is, what it holds and how quick its stages are. */
export class LoadReporter {
  readonly #options: LoadReporterOptions;
  #timer: number | undefined;
  #last: LoadReport | undefined;

  constructor(options: LoadReporterOptions) {
    this.#options = options;
    this.#tick();
  }

  /** An item has passed: the leader may have to change the plan. */
  ran(): void {
    const { clock, host } = this.#options;
    const told = this.#last;
    if (!told || clock.now() - told.at < REPORT_AT_MOST_EVERY_MS) return;
    const changed = host.paces.some(({ epoch, stage, ms }) => {
      const before = told.paces?.find((pace) => pace.epoch === epoch && pace.stage === stage)?.ms;
      if (before === undefined) return true;
      return Math.abs(ms - before) > NEWS_MS && (ms > before * NEWS_FACTOR || ms < before / NEWS_FACTOR);
    });
    if (changed) void this.#report();
  }

  stop(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
  }

  #tick(): void {
    this.#timer = this.#options.clock.setTimeout(() => this.#tick(), REPORT_EVERY_MS);
    void this.#report();
  }

  async #report(): Promise<void> {
    const { clock, host, memory: watch, network, tell } = this.#options;
    const memory = await host.memory().catch(() => null);
    watch.note(memory?.peakBytes ?? 0);
    const sums = network.peers().map((peer) => network.stats(peer));
    const { paces, sequences, queue } = host;
    const load: LoadReport = {
      at: clock.now(),
      ...host.meter.sample(clock.now()),
      queue,
      bytesIn: sums.reduce((sum, stats) => sum + (stats?.bytesIn ?? 0), 0),
      bytesOut: sums.reduce((sum, stats) => sum + (stats?.bytesOut ?? 0), 0),
      memoryBytes: (memory?.heapBytes ?? 0) + (memory?.bufferBytes ?? 0),
      peakMemoryBytes: watch.peakBytes,
      ...(paces.length > 0 && { paces }),
      ...(sequences > 0 && { sequences }),
    };
    const idle = this.#last?.busy === 0 && load.busy === 0 && load.items === this.#last.items;
    this.#last = load;
    tell(load, !idle || Math.floor(load.at / REPORT_EVERY_MS) % QUIET_REPORTS === 0);
  }
}
