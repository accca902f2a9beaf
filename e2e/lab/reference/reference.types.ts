import type { Tensor } from '../../../core/tensor/tensor.ts';
import type { OrtBundle } from '../../../worker/ort.ts';

export interface ReferenceOptions {
  readonly provider: 'wasm' | 'webgpu';
  readonly threads: number;
  /** The variant of the runtime; by default the smallest that has the provider. */
  readonly bundle?: OrtBundle;
}

export interface ReferenceResult {
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Time inside the runtime's `run`, in the worker. */
  readonly ms: number;
  /** From the page's call to its result, the way through the worker included. */
  readonly wallMs: number;
}

/** `window.reference`: a whole model on the bare runtime, to compare ours with. */
export interface Reference {
  open(options: ReferenceOptions): Promise<void>;
  load(model: Uint8Array<ArrayBuffer> | ArrayBuffer): Promise<void>;
  run(feeds: Readonly<Record<string, Tensor>>): Promise<ReferenceResult>;
  release(): Promise<void>;
}
