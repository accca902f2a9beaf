import { expose, transfer } from 'comlink';
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-common';
import { buffersOf, type Tensor } from '../../../core/tensor/tensor.ts';
import { importBundle } from '../../../worker/bundles.ts';
import { fromOrt, toOrt } from '../../../worker/feeds.ts';
import type { OrtLike } from '../../../worker/ort.ts';
import type { ExternalFile, ReferenceOptions, ReferenceResult } from './reference.types.ts';

/** The runtime as its manual shows it: one session of the whole model, no options but the provider. */
class BareRuntime {
  #ort: OrtLike | undefined;
  #provider = 'wasm';
  #session: InferenceSession | undefined;

  async open({ provider, threads, bundle }: ReferenceOptions): Promise<void> {
    const gpu = 'Suspending' in WebAssembly ? 'jspi' : 'asyncify';
    this.#ort = await importBundle(bundle ?? (provider === 'webgpu' ? gpu : 'wasm'), threads);
    this.#provider = provider;
  }

  async load(model: Uint8Array, externalData: readonly ExternalFile[]): Promise<void> {
    if (!this.#ort) throw new Error('open first');
    this.#session = await this.#ort.InferenceSession.create(model, {
      executionProviders: [this.#provider],
      externalData: externalData.map(({ path, data }) => ({ path, data: new Uint8Array(data) })),
    });
  }

  async run(feeds: Readonly<Record<string, Tensor>>): Promise<Omit<ReferenceResult, 'wallMs'>> {
    const { Tensor } = this.#ort ?? {};
    if (!Tensor || !this.#session) throw new Error('load first');
    const values = Object.fromEntries(
      Object.entries(feeds).map(([name, feed]) => [name, toOrt(Tensor, feed)]),
    );
    const startedAt = performance.now();
    const results = await this.#session.run(values);
    const ms = performance.now() - startedAt;
    const outputs = Object.fromEntries(
      Object.entries(results).map(([name, result]) => [name, fromOrt(name, result as OrtTensor)]),
    );
    return transfer({ outputs, ms }, buffersOf(Object.values(outputs)));
  }

  async release(): Promise<void> {
    await this.#session?.release();
    this.#session = undefined;
  }
}

export type { BareRuntime };

expose(new BareRuntime());
