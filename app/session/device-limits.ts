import type { DeviceCard } from '../../core/session/state.ts';

/** Facts about this device that its limits follow from. */
export interface DeviceFacts {
  readonly platform: string;
  readonly form: DeviceCard['form'];
  readonly cores: number;
  /** GB, as Chromium tells; undefined elsewhere. */
  readonly deviceMemory: number | undefined;
  /** Without cross-origin isolation there is no shared memory, so no threads. */
  readonly isolated: boolean;
}

/**
 * What the address asks for, for tests, the lab and people who lend less:
 * `?provider=wasm|webgpu|auto&threads=N&memory=MB`, where a MB is 1e6 bytes.
 */
export interface Overrides {
  readonly provider: 'auto' | 'wasm' | 'webgpu';
  readonly threads: number | null;
  readonly memoryBytes: number | null;
}

const GB = 1024 ** 3;
/** WebKit kills a page at 1.5 GB, without a word; weights may pass through the heap twice (facts.md C). */
const APPLE_MOBILE_BYTES = 600 * 1024 ** 2;
/** Beside us there are the system and what else is open. */
const MEMORY_SHARE = 1 / 4;
/** Where the browser does not tell: common sizes of devices that are still in use. */
const USUAL_COMPUTER_GB = 4;
const USUAL_PHONE_GB = 2;
/** More gives little: convolutions of this size are bound by memory, and phones have few fast cores. */
const MOST_THREADS = 4;
/** What a person may ask for by address. */
const MOST_FORCED_THREADS = 16;
/** A runtime's heap ends at 4 GB (facts.md A1). */
const MOST_FORCED_MEGABYTES = 4000;

/**
 * Bytes that a stage's worker may take in all, the runtime included: what the address says; else what devices of
 * this kind can spare, and no more than `learnt` from earlier visits that went too far.
 */
export function memoryBudget(facts: DeviceFacts, { memoryBytes }: Overrides, learnt: number | null): number {
  return memoryBytes ?? Math.min(spareBytes(facts), learnt ?? Number.POSITIVE_INFINITY);
}

function spareBytes({ platform, form, deviceMemory }: DeviceFacts): number {
  if (isAppleMobile(platform)) return APPLE_MOBILE_BYTES;
  const usual = form === 'computer' ? USUAL_COMPUTER_GB : USUAL_PHONE_GB;
  return Math.round((deviceMemory ?? usual) * GB * MEMORY_SHARE);
}

/** Half the cores, because threads that wait for work spin (facts.md F). One on iOS, where more run out of memory (A6). */
export function wasmThreads({ platform, cores, isolated }: DeviceFacts): number {
  if (!isolated || isAppleMobile(platform)) return 1;
  return Math.max(1, Math.min(MOST_THREADS, Math.floor(cores / 2)));
}

/** Anything that is not understood counts as not asked for. */
export function readOverrides(query: URLSearchParams): Overrides {
  const provider = query.get('provider');
  const threads = Number(query.get('threads') ?? Number.NaN);
  const megabytes = Number(query.get('memory') || Number.NaN);
  const valid = Number.isInteger(threads) && threads >= 1 && threads <= MOST_FORCED_THREADS;
  return {
    provider: provider === 'wasm' || provider === 'webgpu' ? provider : 'auto',
    threads: valid ? threads : null,
    memoryBytes: megabytes > 0 && megabytes <= MOST_FORCED_MEGABYTES ? megabytes * 1e6 : null,
  };
}

function isAppleMobile(platform: string): boolean {
  return platform === 'iOS' || platform === 'iPadOS';
}
