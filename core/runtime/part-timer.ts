import { memorySource } from '../graph/byte-source.ts';
import { readModel } from '../graph/onnx-model.ts';
import { standInPackOf } from '../graph/stand-in-weights.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Spread } from '../plan/profile.ts';
import type { LoadStage } from '../protocol/messages.ts';
import { RoomyExecutor } from './roomy-executor.ts';
import { totalBytes } from './run-block.ts';
import type { ExecutorFactory, ExecutorOptions, StageExecutor } from './stage-executor.ts';
import { typicalInputs } from './warm-up.ts';

/** Idle between runs, as between items: a phone that computes without a pause soon runs slower (field.md). */
const PAUSE_MS = 15;
/** How much time measuring may take. */
interface Effort {
  /** Runs that do not count: the browser optimises the runtime's code in the first ones. */
  readonly warmUp: number;
  /** Timed runs: the least that has a median, and more while they take less than `runForMs` together. */
  readonly leastRuns: number;
  readonly mostRuns: number;
  readonly runForMs: number;
  /** Of a part that is slower than this the runs so far count, were it one: seven runs of seconds each are too many. */
  readonly partPatienceMs: number;
  /** When measuring has taken this long no further part is begun. */
  readonly patienceMs: number;
}

/** While people wait for a plan. */
const QUICK: Effort = {
  warmUp: 2,
  leastRuns: 5,
  mostRuns: 15,
  runForMs: 120,
  partPatienceMs: 2000,
  patienceMs: 6000,
};
/** In a room at rest, where nobody waits. A slow device may compile for seconds before it runs at its speed. */
const THOROUGH: Effort = {
  warmUp: 8,
  leastRuns: 9,
  mostRuns: 31,
  runForMs: 400,
  partPatienceMs: 6000,
  patienceMs: 20_000,
};

/** What a device measured of some parts of a model. */
export interface MeasuredParts {
  /** Null for a part that did not fit, failed, or for which there was no time. */
  readonly ms: readonly (number | null)[];
  /** What a run takes besides: the way to the worker and back. */
  readonly perItemMs: number;
  /** Over all parts. */
  readonly spread: Spread;
}

/** Keeps what was measured for the next visit; a part's key names all that its time depends on. */
export interface TimesCache {
  get(key: string): MeasuredParts | null;
  put(key: string, measured: MeasuredParts): void;
}

export interface PartTimerOptions {
  readonly executors: ExecutorFactory;
  readonly runtime: ExecutorOptions;
  /** Bytes of weights and workspace that this device may hold. */
  readonly memoryBytes: number;
  readonly clock: Clock;
  /** At rest, when it may take its time. */
  readonly thorough: boolean;
  /** The small model of a part. */
  readonly modelOf: (part: LoadStage) => Promise<Uint8Array<ArrayBuffer>>;
  /** Ends the executor at once. */
  readonly signal: AbortSignal;
}

/**
 * Times parts of a model as they would run as stages: on the real stage worker, warmed up, with pauses. Weights are not
 * needed: stand-ins take as long. Never rejects for a part; rejects with the signal's reason.
 */
export async function timeParts(
  parts: readonly LoadStage[],
  options: PartTimerOptions,
): Promise<MeasuredParts> {
  const { executors, runtime, memoryBytes, clock, thorough, signal } = options;
  const { patienceMs } = thorough ? THOROUGH : QUICK;
  const executor = new RoomyExecutor(executors, runtime, memoryBytes);
  const abort = (): void => executor.close();
  signal.addEventListener('abort', abort);
  const startedAt = clock.now();
  const ms: (number | null)[] = [];
  const besides: number[] = [];
  const ratios: number[] = [];
  const time = async (part: LoadStage): Promise<number | null> => {
    signal.throwIfAborted();
    const late = clock.now() - startedAt > patienceMs;
    const timed = late ? null : await timePart(part, executor, options).catch(() => null);
    if (!timed) return null;
    const middle = median(timed.computeMs);
    besides.push(...timed.besidesMs);
    ratios.push(...timed.computeMs.map((ms) => (middle > 0 ? ms / middle : 1)));
    return middle;
  };
  try {
    for (const part of parts) ms.push(await time(part));
    // The first part may have run before the browser had optimised the runtime's code; the last ones did not.
    const [first] = parts;
    if (first && parts.length > 1) ms[0] = (await time(first)) ?? ms[0] ?? null;
    signal.throwIfAborted();
    return { ms, perItemMs: median(besides), spread: spreadOf(ratios) };
  } finally {
    signal.removeEventListener('abort', abort);
    executor.close();
  }
}

interface TimedRuns {
  readonly computeMs: number[];
  /** Of the wall time of a run, what was not spent in the runtime. */
  readonly besidesMs: number[];
}

async function timePart(
  part: LoadStage,
  roomy: RoomyExecutor,
  { modelOf, memoryBytes, clock, thorough }: PartTimerOptions,
): Promise<TimedRuns | null> {
  const model = await modelOf(part);
  const weights = standInPackOf(await readModel(memorySource(model)));
  const sample = typicalInputs(part);
  const bytes = (weights?.size ?? 0) + totalBytes(sample ?? []);
  if (!sample || bytes > memoryBytes) return null;
  const executor = await roomy.withRoomFor(bytes);
  const { inputs, outputs } = part;
  const handle = await executor.load({ model, weights, inputs, outputs });
  const { warmUp, leastRuns, mostRuns, runForMs, partPatienceMs } = thorough ? THOROUGH : QUICK;
  try {
    const run = async (): Promise<readonly [compute: number, besides: number]> => {
      const tensors = sample.map((t) => ({ ...t, data: t.data.slice() }));
      await new Promise<void>((resolve) => clock.setTimeout(resolve, PAUSE_MS));
      return once(executor, handle, tensors, clock);
    };
    const startedAt = clock.now();
    const isSlow = (): boolean => clock.now() - startedAt > partPatienceMs;
    for (let warm = 0; warm === 0 || (warm < warmUp && !isSlow()); warm++) await run();
    const timed: TimedRuns = { computeMs: [], besidesMs: [] };
    for (let spent = 0; timed.computeMs.length < leastRuns || spent < runForMs; ) {
      const [compute, besides] = await run();
      timed.computeMs.push(compute);
      timed.besidesMs.push(besides);
      spent += compute;
      if (timed.computeMs.length >= mostRuns || isSlow()) break;
    }
    return timed;
  } finally {
    await executor.release(handle);
  }
}

async function once(
  executor: StageExecutor,
  handle: number,
  tensors: Parameters<StageExecutor['run']>[1],
  clock: Clock,
): Promise<readonly [compute: number, besides: number]> {
  const startedAt = clock.now();
  const { computeMs } = await executor.run(handle, tensors);
  return [computeMs, Math.max(0, clock.now() - startedAt - computeMs)];
}

function spreadOf(ratios: readonly number[]): Spread {
  const sorted = ratios.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 1;
  return { low: at(0.1), high: at(0.9) };
}

function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
