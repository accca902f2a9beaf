import { type Remote, transfer, wrap } from 'comlink';
import type { Reference } from './reference.types.ts';
import type { BareRuntime } from './worker.ts';
import { writeWhole } from './write.ts';

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
  // Moved, so that the tab holds them once.
  load: (model, externalData = []) =>
    runtime.load(
      transfer(new Uint8Array(model), [model]),
      transfer(
        externalData,
        externalData.map(({ data }) => data),
      ),
    ),
  // Feeds are copied, not moved: the caller runs the same ones again.
  run: async (feeds) => {
    const startedAt = performance.now();
    const result = await runtime.run(feeds);
    return { ...result, wallMs: performance.now() - startedAt };
  },
  write: (text) => writeWhole(window.reference.run, text),
  release: () => runtime.release(),
};
