import { type Remote, wrap } from 'comlink';
import type { Reference } from './reference.types.ts';
import type { BareRuntime } from './worker.ts';

declare global {
  interface Window {
    reference: Reference;
  }
}

const runtime: Remote<BareRuntime> = wrap(
  new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'bare' }),
);

window.reference = {
  open: (options) => runtime.open(options),
  load: (model) => runtime.load(new Uint8Array(model)),
  // Feeds are copied, not moved: the caller runs the same ones again.
  run: async (feeds) => {
    const startedAt = performance.now();
    const result = await runtime.run(feeds);
    return { ...result, wallMs: performance.now() - startedAt };
  },
  release: () => runtime.release(),
};
