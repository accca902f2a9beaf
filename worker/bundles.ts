import asyncifyUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import jspiUrl from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import type { OrtBundle, OrtLike } from './ort.ts';

interface Bundle {
  readonly load: () => Promise<OrtLike>;
  readonly wasmUrl: string;
}

/** Each variant is a chunk and a .wasm file of its own, so that only the one in use is downloaded. */
const BUNDLES: Readonly<Record<OrtBundle, Bundle>> = {
  wasm: { load: () => import('onnxruntime-web/wasm'), wasmUrl },
  jspi: { load: () => import('onnxruntime-web/jspi'), wasmUrl: jspiUrl },
  asyncify: { load: () => import('onnxruntime-web/webgpu'), wasmUrl: asyncifyUrl },
};

/** Imports one variant of ONNX Runtime Web; its .wasm follows with the first session. */
export async function importBundle(bundle: OrtBundle, threads: number): Promise<OrtLike> {
  const { load, wasmUrl } = BUNDLES[bundle];
  const ort = await load();
  // Both must be set before the first session (facts.md A5).
  ort.env.wasm.wasmPaths = { wasm: wasmUrl };
  ort.env.wasm.numThreads = threads;
  // Warnings would say which nodes a provider left to the CPU: nothing that a person at a party can act on.
  ort.env.logLevel = 'error';
  return ort;
}
