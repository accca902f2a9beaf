import { messageOf, RuntimeFailedError } from '../errors.ts';
import type { Clock } from '../mesh/clock.ts';
import type { DeviceProfile } from '../session/state.ts';
import { type SelfTest, selfTestFault, selfTestInput, selfTestStage } from './self-test.ts';
import type { ExecutorFactory, ExecutorOptions, StageExecutor, StageHandle } from './stage-executor.ts';

/** One way in which this device could compute. */
export interface Candidate {
  readonly options: ExecutorOptions;
  readonly executors: ExecutorFactory;
  /** All runs together may take this long; a provider that needs longer is given up. */
  readonly runLimitMs: number;
}

export interface ProfilerOptions {
  readonly selfTest: SelfTest;
  /** Tried in this order. When the first fails the device is refused: it is the one that must work. */
  readonly candidates: readonly Candidate[];
  readonly clock: Clock;
  readonly onProgress: (fraction: number) => void;
}

type Tried = DeviceProfile['tried'][number];

export type Measurement =
  | {
      readonly kind: 'ready';
      readonly options: ExecutorOptions;
      readonly benchMs: number;
      readonly tried: readonly Tried[];
    }
  | { readonly kind: 'refused'; readonly why: string; readonly tried: readonly Tried[] };

/** Pictures in the batch that is timed: enough work that a GPU's fixed cost per call does not decide. */
const BATCH = 16;
/** Idle between runs, as between requests: a phone that computes without a pause soon runs slower. */
const PAUSE_MS = 20;
/** The timed runs of one provider end after this long; when a single run takes longer, that one tells enough. */
const REPEAT_FOR_MS = 1500;
/** Or after this many, but not before the least that has a median. */
const MOST_RUNS = 15;
const LEAST_RUNS = 3;
/** The runtime is about 3 MB, downloaded with the first session: half a minute at 1 Mbit/s, and as much again. */
const LOAD_LIMIT_MS = 60_000;

/** Measures this device with the bundled network: the fastest provider whose results are right. */
export async function measureDevice(options: ProfilerOptions): Promise<Measurement> {
  const { candidates, onProgress } = options;
  const tried: Tried[] = [];
  let best: { options: ExecutorOptions; benchMs: number } | undefined;
  for (const [index, candidate] of candidates.entries()) {
    const { provider } = candidate.options;
    onProgress(index / candidates.length);
    try {
      const found = await tryCandidate(options, candidate, (part) =>
        onProgress((index + part) / candidates.length),
      );
      tried.push({ provider, benchMs: found.benchMs, why: null });
      if (!best || found.benchMs < best.benchMs) best = found;
    } catch (error) {
      const why = messageOf(error);
      tried.push({ provider, benchMs: null, why });
      if (index === 0) return { kind: 'refused', why, tried };
    }
  }
  onProgress(1);
  return best
    ? { kind: 'ready', ...best, tried }
    : { kind: 'refused', why: 'There is nothing to try.', tried };
}

/** Whether a device that was measured before still computes rightly. Rejects with the reason when not. */
export async function recheckDevice(
  options: Pick<ProfilerOptions, 'selfTest' | 'clock'>,
  candidate: Candidate,
): Promise<void> {
  await withStage(options, candidate, (executor, stage) => passSelfTest(options.selfTest, executor, stage));
}

async function tryCandidate(
  options: ProfilerOptions,
  candidate: Candidate,
  onProgress: (part: number) => void,
): Promise<{ options: ExecutorOptions; benchMs: number }> {
  return withStage(options, candidate, async (executor, stage, inForce) => {
    onProgress(0.4);
    await passSelfTest(options.selfTest, executor, stage);
    onProgress(0.5);
    const benchMs = await bench(options, executor, stage, (part) => onProgress(0.5 + part / 2));
    return { options: inForce, benchMs };
  });
}

/** Loads the network on a candidate and ends its executor afterwards, or when a time limit passes. */
async function withStage<T>(
  { selfTest, clock }: Pick<ProfilerOptions, 'selfTest' | 'clock'>,
  { options, executors, runLimitMs }: Candidate,
  use: (executor: StageExecutor, stage: StageHandle, inForce: ExecutorOptions) => Promise<T>,
): Promise<T> {
  const executor = executors();
  try {
    const loading = executor.open(options).then(async (inForce) => {
      return { inForce, stage: await executor.load(selfTestStage(selfTest)) };
    });
    const { inForce, stage } = await within(LOAD_LIMIT_MS, 'load', loading, clock);
    return await within(runLimitMs, 'run', use(executor, stage, inForce), clock);
  } finally {
    executor.close();
  }
}

async function passSelfTest(selfTest: SelfTest, executor: StageExecutor, stage: StageHandle): Promise<void> {
  const { outputs } = await executor.run(stage, [selfTestInput(selfTest, selfTest.logits.length)]);
  const fault = selfTestFault(selfTest, outputs[0]);
  if (fault !== null) {
    throw new RuntimeFailedError(`The self-test came out wrong: ${fault}.`, {
      step: 'self-test',
      actual: fault,
    });
  }
}

/** Median time of a batch; the first run warms up and does not count. */
async function bench(
  { selfTest, clock }: ProfilerOptions,
  executor: StageExecutor,
  stage: StageHandle,
  onProgress: (part: number) => void,
): Promise<number> {
  const once = async (): Promise<number> =>
    (await executor.run(stage, [selfTestInput(selfTest, BATCH)])).computeMs;
  const warmUp = await once();
  if (warmUp > REPEAT_FOR_MS) return warmUp;
  const times: number[] = [];
  const startedAt = clock.now();
  const passed = (): number => (clock.now() - startedAt) / REPEAT_FOR_MS;
  while (times.length < LEAST_RUNS || (times.length < MOST_RUNS && passed() < 1)) {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, PAUSE_MS));
    times.push(await once());
    onProgress(Math.min(1, Math.max(passed(), times.length / MOST_RUNS)));
  }
  times.sort((a, b) => a - b);
  return times[times.length >> 1] ?? 0;
}

function within<T>(limitMs: number, step: string, work: Promise<T>, clock: Clock): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = clock.setTimeout(() => {
      const expected = `within ${limitMs / 1000} s`;
      const message = step === 'load' ? 'The runtime did not start' : 'The provider did not finish';
      reject(new RuntimeFailedError(`${message} ${expected}.`, { step, expected, actual: 'still busy' }));
    }, limitMs);
    work.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}
