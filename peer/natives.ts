import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Options as SimplePeerOptions } from 'simple-peer';
import type { OrtLike } from '../worker/ort.ts';

/** One runtime that a machine has beside the CPU, such as CUDA. */
export interface Backend {
  readonly name: string;
  /** False: it needs libraries that did not come with the package. */
  readonly bundled: boolean;
}

export interface NodeOrt extends OrtLike {
  listSupportedBackends(): readonly Backend[];
}

/** What the package of WebRTC gives to simple-peer. */
export type Wrtc = NonNullable<SimplePeerOptions['wrtc']>;

const RUNTIME = 'onnxruntime-node';
const WRTC = '@roamhq/wrtc';
/**
 * In no list of dependencies: 300 MB that a page never needs, and the runtime's package downloads its CUDA parts while it
 * installs, which fails without the open internet. The flag leaves them out.
 */
export const HOW_TO_INSTALL: string = `npm install --no-save --onnxruntime-node-install=skip ${WRTC}@0.10 ${RUNTIME}@1.30`;

/** The two packages with native code are not installed with Potluck: nobody but a peer without a page needs them. */
export class NativeMissingError extends Error {
  override readonly name = 'NativeMissingError';

  constructor(packages: readonly string[]) {
    super(
      `A peer without a page needs ${packages.join(' and ')}, which Potluck does not install by itself.\n` +
        `In Potluck's folder, run:\n\n  ${HOW_TO_INSTALL}\n`,
    );
  }
}

/**
 * The address of a package's code: as Node finds it from here, from the current folder, or from the one that
 * POTLUCK_NATIVE names, which goes first. Null where there is none.
 */
async function load(name: string, isRight: (module: unknown) => boolean): Promise<{ url: string } | null> {
  const { POTLUCK_NATIVE } = process.env;
  const folders = [POTLUCK_NATIVE, import.meta.dirname, process.cwd()];
  for (const folder of folders) {
    if (!folder) continue;
    try {
      const url = pathToFileURL(createRequire(join(folder, 'any.js')).resolve(name)).href;
      if (isRight(await imported(url))) return { url };
    } catch {
      // Not here, or for another system.
    }
  }
  return null;
}

async function imported(url: string): Promise<unknown> {
  const module = (await import(url)) as { default?: unknown };
  return module.default ?? module;
}

/** Development installs ONNX Runtime's common part under this name, which computes nothing. */
function isRuntime(module: unknown): module is NodeOrt {
  return typeof (module as Partial<NodeOrt>)?.listSupportedBackends === 'function';
}

function isWrtc(module: unknown): module is Wrtc {
  return typeof (module as { RTCPeerConnection?: unknown })?.RTCPeerConnection === 'function';
}

export interface Natives {
  readonly wrtc: Wrtc;
  /** Each thread that computes imports the runtime for itself. */
  readonly runtimeUrl: string;
}

/** @throws NativeMissingError that names what is missing, and how to get it. */
export async function findNatives(): Promise<Natives> {
  const [wrtc, runtimeUrl] = [await load(WRTC, isWrtc), await findRuntime()];
  const missing = [...(wrtc ? [] : [WRTC]), ...(runtimeUrl === null ? [RUNTIME] : [])];
  if (!wrtc || runtimeUrl === null) throw new NativeMissingError(missing);
  return { wrtc: (await imported(wrtc.url)) as Wrtc, runtimeUrl };
}

/** Where ONNX Runtime for Node is; null where it is not installed. */
export async function findRuntime(): Promise<string | null> {
  return (await load(RUNTIME, isRuntime))?.url ?? null;
}

/** @throws NativeMissingError for an address of something else. */
export async function importRuntime(url: string): Promise<NodeOrt> {
  const module = await imported(url);
  if (isRuntime(module)) return module;
  throw new NativeMissingError([RUNTIME]);
}
