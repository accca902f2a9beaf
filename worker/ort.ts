import type { Env, InferenceSessionFactory, TensorConstructor } from 'onnxruntime-common';
import type { ExecutorOptions } from '../core/runtime/stage-executor.ts';

/** What the stage worker uses of ONNX Runtime; each of its packages offers it. */
export interface OrtLike {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
  readonly env: Env;
}

/** A runtime ready to create sessions, and the options in force, which may be less than was asked for. */
export interface OpenedOrt {
  readonly ort: OrtLike;
  readonly options: ExecutorOptions;
}

/** Gets the runtime: downloads it, imports it, sets its threads. Called once. */
export type OrtOpener<Options extends ExecutorOptions> = (options: Options) => Promise<OpenedOrt>;

/**
 * Variants of ONNX Runtime Web (facts.md A2): `wasm` computes on the CPU only, `jspi` and `asyncify` also on
 * WebGPU, the first where the browser can suspend WebAssembly, the second, larger one elsewhere.
 */
export type OrtBundle = 'wasm' | 'jspi' | 'asyncify';

/** What the page tells a worker in a browser. */
export interface BrowserOptions extends ExecutorOptions {
  readonly bundle: OrtBundle;
  /** The same variant as another worker of this page compiled it. */
  readonly compiled?: WebAssembly.Module | undefined;
}
