/** What really takes time here, beside the code itself: reading the bytes of a Blob. Virtual time waits for it. */
let reading = 0;
const arrayBuffer = Blob.prototype.arrayBuffer;
Blob.prototype.arrayBuffer = async function counted(): Promise<ArrayBuffer> {
  reading++;
  try {
    return await arrayBuffer.call(this);
  } finally {
    reading--;
  }
};

// Loaded on demand in the product; here it must be there at once, as everything else.
await Promise.all([
  import('../../core/protocol/parse-inheritance.ts'),
  import('../../core/runtime/inheritance.ts'),
]);

/** Resolves when nothing more can happen without time passing. */
export async function stillness(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (reading > 0);
}
