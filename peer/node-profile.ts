import { readFile } from 'node:fs/promises';
import { systemClock } from '../core/mesh/clock.ts';
import { usableBytes } from '../core/runtime/footprint.ts';
import { measureDevice } from '../core/runtime/profiler.ts';
import { parseSelfTest, type SelfTest } from '../core/runtime/self-test.ts';
import type { ExecutorFactory, ExecutorOptions } from '../core/runtime/stage-executor.ts';
import type { DeviceProfile, Progress } from '../core/session/state.ts';
import type { Unusable } from './providers.ts';

/** All timed runs of one candidate: as patient as a page is. */
const LIMIT_MS = 10_000;

export interface NodeDevice {
  readonly executors: ExecutorFactory;
  /** Tried in this order; the fastest is taken. */
  readonly candidates: readonly ExecutorOptions[];
  /** Not tried, because they do not work here; told with what was. */
  readonly unusable?: readonly Unusable[];
  /** What stages may take in all. */
  readonly budgetBytes: number;
}

export type NodeProfile =
  | { readonly kind: 'ready'; readonly profile: DeviceProfile; readonly options: ExecutorOptions }
  | { readonly kind: 'refused'; readonly why: string };

/** Measures this computer with the bundled network, as a page does. @throws when the network cannot be read. */
export async function profileNode(
  { executors, candidates, unusable = [], budgetBytes }: NodeDevice,
  onProgress: (progress: Progress) => void,
): Promise<NodeProfile> {
  const step = 'Measuring this computer';
  const measured = await measureDevice({
    selfTest: await readSelfTest(),
    candidates: candidates.map((options) => ({ options, executors, runLimitMs: LIMIT_MS })),
    clock: systemClock,
    onProgress: (fraction) => onProgress({ step, fraction }),
  });
  if (measured.kind === 'refused') return measured;
  const { options, benchMs } = measured;
  const tried = [...measured.tried, ...unusable.map((each) => ({ ...each, benchMs: null }))];
  const memoryBytes = usableBytes(budgetBytes);
  const profile = { ...options, runtime: 'node', benchMs, tried, memoryBytes, adapter: null } as const;
  return { kind: 'ready', profile, options };
}

async function readSelfTest(): Promise<SelfTest> {
  const read = (name: string) => readFile(new URL(`../public/models/${name}`, import.meta.url));
  const [model, file] = await Promise.all([read('digits.onnx'), read('digits.selftest.json')]);
  return parseSelfTest(new Uint8Array(model), JSON.parse(file.toString()));
}
