import { type Tensor, tensor, tensorBytes } from '../tensor/tensor.ts';
import type { Stage } from './stage.ts';

/** Zeros beyond this cost a phone more memory than a fast first item is worth. */
const LARGEST_BYTES = 64 * 1024 * 1024;

/**
 * Runs a stage once on zeros: the first run of a session costs 100 to 220 ms more than the others (facts.md F),
 * and on a GPU it compiles the shaders. Never rejects: a stage that cannot take zeros may still take its input.
 */
export async function warmUp({ terms, executor, handle }: Stage): Promise<void> {
  if (terms.inputs.length === 0 || terms.warmUp.length !== terms.inputs.length) return;
  const sizes = terms.inputs.map(({ dtype }, index) => tensorBytes(dtype, terms.warmUp[index] ?? []));
  if (sizes.reduce((sum, bytes) => sum + bytes, 0) > LARGEST_BYTES) return;
  const zeros = terms.inputs.map(
    ({ dtype }, index): Tensor => tensor(dtype, terms.warmUp[index] ?? [], new Uint8Array(sizes[index] ?? 0)),
  );
  // What is wrong with the stage itself will show at the first item, with its input.
  await executor.run(handle, zeros).catch(() => undefined);
}
