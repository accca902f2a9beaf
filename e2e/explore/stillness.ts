import './memory-blob.ts';

// Loaded on demand in the product; here it must be there at once, as everything else.
await Promise.all([
  import('../../core/protocol/parse-inheritance.ts'),
  import('../../core/runtime/inheritance.ts'),
  import('../../core/runtime/link-survey.ts'),
]);

/** Resolves when nothing more can happen without time passing: nothing here waits for anything but time. */
export function stillness(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
