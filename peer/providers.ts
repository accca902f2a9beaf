import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Provider } from '../core/provider.ts';
import type { ExecutorOptions } from '../core/runtime/stage-executor.ts';
import { importRuntime } from './natives.ts';

/** What a person may ask for; `auto`: whatever works and is fastest. */
export type ProviderWish = 'cpu' | 'cuda' | 'webgpu' | 'auto';

type OnGpu = 'cuda' | 'webgpu';

/** A provider that the runtime lists, and that does not work here. */
export interface Unusable {
  readonly provider: OnGpu;
  readonly why: string;
}

export interface ProviderChoice {
  /** To be measured in this order; the first one must work. */
  readonly candidates: readonly ExecutorOptions[];
  readonly unusable: readonly Unusable[];
}

/** Why a provider does not work; null where it does. */
export type Probe = (runtimeUrl: string, provider: Provider) => Promise<string | null>;

const ON_GPU: readonly OnGpu[] = ['cuda', 'webgpu'];
export const PROVIDER_NAMES: Readonly<Record<OnGpu, string>> = {
  cuda: 'CUDA',
  webgpu: 'WebGPU',
};

/** Drivers are loaded and kernels compiled for the first time. */
const PROBE_MS = 60_000;
/** As a page shows it, in one line. */
const MOST_WORDS = 300;

/**
 * What this computer may compute on. `threads` are the numbers worth a try on the CPU; on a graphics card the first of
 * them serves what it leaves to the CPU. @throws Error in words when what was asked for does not work here.
 */
export async function chooseProviders(
  wish: ProviderWish,
  runtimeUrl: string,
  threads: readonly number[],
  probe: Probe = probeInProcess,
): Promise<ProviderChoice> {
  const [most = 1] = threads;
  const onCpu = threads.map((count): ExecutorOptions => ({ provider: 'cpu', threads: count }));
  if (wish === 'cpu') return { candidates: onCpu, unusable: [] };
  const listed = (await importRuntime(runtimeUrl)).listSupportedBackends().map(({ name }) => name);
  const isListed = (provider: Provider): boolean => listed.includes(provider);
  if (wish !== 'auto') {
    const why = isListed(wish)
      ? await probe(runtimeUrl, wish)
      : `the installed ONNX Runtime does not have it, but ${listed.join(', ')}`;
    if (why !== null) throw new Error(`This computer cannot compute on ${PROVIDER_NAMES[wish]}: ${why}`);
    return { candidates: [{ provider: wish, threads: most }], unusable: [] };
  }
  const candidates = [...onCpu];
  const unusable: Unusable[] = [];
  for (const provider of ON_GPU.filter(isListed)) {
    const why = await probe(runtimeUrl, provider);
    if (why === null) candidates.push({ provider, threads: most });
    else unusable.push({ provider, why });
  }
  return { candidates, unusable };
}

/**
 * NVIDIA's libraries round what they multiply to 10 bits (TF32) unless this is set before they are loaded; other devices,
 * which compute results again, would find them wrong.
 */
export function keepPrecision({ candidates }: ProviderChoice, env: NodeJS.ProcessEnv = process.env): void {
  if (candidates.some(({ provider }) => provider === 'cuda')) env.NVIDIA_TF32_OVERRIDE ??= '0';
}

/** Makes a session and runs it once in another process, which may break without harm. */
export function probeInProcess(runtimeUrl: string, provider: Provider): Promise<string | null> {
  const script = fileURLToPath(new URL('./probe.mjs', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [script, runtimeUrl, provider], { timeout: PROBE_MS }, (error, stdout) => {
      if (!error) resolve(null);
      else if (error.killed) resolve(`a first run did not end within ${PROBE_MS / 1000} s`);
      else if (error.signal) resolve(`a first run ended its process (${error.signal})`);
      else resolve(shortened(stdout) || `a first run ended its process (${error.code})`);
    });
  });
}

/** The runtime names its own files and functions first, and what went wrong last. */
function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.slice(Math.max(0, line.lastIndexOf('Failed to'))).slice(0, MOST_WORDS);
}
