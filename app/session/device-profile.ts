import { FetchError } from '../../core/errors.ts';
import { systemClock } from '../../core/mesh/clock.ts';
import type { Provider } from '../../core/provider.ts';
import { usableBytes } from '../../core/runtime/footprint.ts';
import { type Candidate, measureDevice, recheckDevice } from '../../core/runtime/profiler.ts';
import { parseSelfTest, type SelfTest } from '../../core/runtime/self-test.ts';
import type { ExecutorFactory, ExecutorOptions } from '../../core/runtime/stage-executor.ts';
import type { DeviceProfile, Progress } from '../../core/session/state.ts';
import type { OrtBundle } from '../../worker/ort.ts';
import { type DeviceFacts, memoryBudget, readOverrides, wasmThreads } from './device-limits.ts';
import type { DeviceDescription } from './device-name.ts';
import { findAdapter } from './gpu-adapter.ts';
import { marksOfThisPage } from './page-marks.ts';
import { keepProfile, keptProfile, type Measured } from './profile-cache.ts';
import { surroundExecutors } from './surroundings.ts';
import { browserExecutor } from './worker-client.ts';

/** A measured device and how it makes its executors, or why it may not hold layers. */
export type ProfiledDevice =
  | {
      readonly kind: 'ready';
      readonly profile: DeviceProfile;
      readonly options: ExecutorOptions;
      readonly executors: ExecutorFactory;
    }
  | { readonly kind: 'refused'; readonly why: string };

/** All timed runs on WASM: it must work, so it has the patience that keeps the whole below ten seconds. */
const WASM_LIMIT_MS = 10_000;
/** A real GPU compiles its shaders and runs the network within a second or two; what takes longer is given up. */
const GPU_LIMIT_MS = 4_000;
/** One that says it is software gets a shorter chance, so that measuring stays below ten seconds. */
const SOFTWARE_GPU_LIMIT_MS = 2_000;
/** When the address insists on WebGPU, a software adapter may take its time: that is how it is tested. */
const FORCED_GPU_LIMIT_MS = 120_000;

/**
 * Measures this browser through real stage workers. Downloads one variant of the runtime only: the plain one
 * without a GPU adapter, else the one that serves both providers.
 * @throws FetchError when the bundled network is not on this server.
 */
export async function profileDevice(
  device: DeviceDescription,
  onProgress: (progress: Progress) => void,
): Promise<ProfiledDevice> {
  const step = `Measuring this ${device.form}`;
  onProgress({ step, fraction: 0 });
  const overrides = readOverrides(new URLSearchParams(location.search));
  const facts = factsOf(device);
  const adapter = overrides.provider === 'wasm' ? null : await findAdapter();
  if (overrides.provider === 'webgpu' && !adapter) {
    return { kind: 'refused', why: 'The address asks for WebGPU, but this browser offers no GPU adapter.' };
  }
  const runtime: OrtBundle = adapter ? gpuBundle() : 'wasm';
  const marks = marksOfThisPage();
  const budgetBytes = memoryBudget(facts, overrides, await marks.limit());
  const executors = surroundExecutors(() => browserExecutor({ bundle: runtime, budgetBytes, marks }));
  const threads = overrides.threads ?? wasmThreads(facts);
  const candidate = (provider: Provider, runLimitMs: number): Candidate => ({
    options: { provider, threads },
    executors,
    runLimitMs,
  });
  const gpuLimit = adapter?.software ? SOFTWARE_GPU_LIMIT_MS : GPU_LIMIT_MS;
  const candidates =
    overrides.provider === 'webgpu'
      ? [candidate('webgpu', FORCED_GPU_LIMIT_MS)]
      : [candidate('wasm', WASM_LIMIT_MS), ...(adapter ? [candidate('webgpu', gpuLimit)] : [])];
  const selfTest = await fetchSelfTest();
  const ready = (measured: Measured): ProfiledDevice => {
    const { provider, threads } = measured;
    const limits = {
      memoryBytes: usableBytes(budgetBytes),
      ...(provider === 'webgpu' && adapter && { largestTensorBytes: adapter.largestTensorBytes }),
    };
    return { kind: 'ready', profile: { ...measured, ...limits }, options: { provider, threads }, executors };
  };

  const key = cacheKey([adapter?.description, runtime, threads, overrides.provider, facts.isolated]);
  const kept = keptProfile(key, Date.now());
  const again = candidates.find(({ options }) => options.provider === kept?.provider);
  if (kept && again) {
    const right = await recheckDevice({ selfTest, clock: systemClock }, again).then(
      () => true,
      // What worked yesterday fails today: the measurement below finds out what works now.
      () => false,
    );
    if (right) return ready(kept);
  }

  const measured = await measureDevice({
    selfTest,
    candidates,
    clock: systemClock,
    onProgress: (fraction) => onProgress({ step, fraction }),
  });
  if (measured.kind === 'refused') return { kind: 'refused', why: measured.why };
  const { options, benchMs, tried } = measured;
  const profile: Measured = {
    ...options,
    runtime,
    benchMs,
    tried,
    adapter: adapter?.description ?? null,
  };
  keepProfile(key, Date.now(), profile);
  return ready(profile);
}

function factsOf({ platform, form }: DeviceDescription): DeviceFacts {
  const { deviceMemory } = navigator as { deviceMemory?: number };
  const cores = navigator.hardwareConcurrency;
  return { platform, form, cores, deviceMemory, isolated: crossOriginIsolated };
}

/** JSPI's build is two fifths smaller, and throws where the browser cannot suspend WebAssembly (facts.md A2). */
function gpuBundle(): OrtBundle {
  return 'Suspending' in WebAssembly ? 'jspi' : 'asyncify';
}

/** This module's own address carries a hash of the build, so a new version measures anew. */
function cacheKey(parts: readonly unknown[]): string {
  return JSON.stringify([navigator.userAgent, new URL(import.meta.url).pathname, ...parts]);
}

async function fetchSelfTest(): Promise<SelfTest> {
  const [model, file] = await Promise.all([
    fetchBundled('digits.onnx'),
    fetchBundled('digits.selftest.json'),
  ]);
  return parseSelfTest(new Uint8Array(await model.arrayBuffer()), await file.json());
}

async function fetchBundled(name: string): Promise<Response> {
  const response = await fetch(`${import.meta.env.BASE_URL}models/${name}`);
  if (response.ok) return response;
  throw new FetchError(`The bundled network is not on this server (${name}).`, {
    step: 'measure this device',
    expected: '200',
    actual: String(response.status),
  });
}
