import type { Tensor } from '../../../core/tensor/tensor.ts';
import type { OrtBundle } from '../../../worker/ort.ts';
import type { WholeText, WrittenWhole } from './write.ts';

export interface ReferenceOptions {
  readonly provider: 'wasm' | 'webgpu';
  readonly threads: number;
  /** The variant of the runtime; by default the smallest that has the provider. */
  readonly bundle?: OrtBundle;
}

/** A file of external data, by the location that the model names. */
export interface ExternalFile {
  readonly path: string;
  readonly data: ArrayBuffer;
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
  load(model: ArrayBuffer, externalData?: readonly ExternalFile[]): Promise<void>;
  run(feeds: Readonly<Record<string, Tensor>>): Promise<ReferenceResult>;
  /** Writes with the whole model. */
  write(text: WholeText): Promise<WrittenWhole>;
  release(): Promise<void>;
}
