import type { LoadStage, TensorSample } from '../protocol/messages.ts';
import { type Tensor, tensor, tensorBytes } from '../tensor/tensor.ts';
import type { Stage } from './stage.ts';

/** Zeros beyond this cost a phone more memory than a fast first item is worth. */
const LARGEST_BYTES = 64 * 1024 * 1024;
/** No shape is longer. */
const STEERING_BYTES = 1024;

/** A tensor in the few words that make another like it. */
export function sampleOf({ dtype, dims, data }: Tensor): TensorSample {
  const steers = !dtype.startsWith('float') && data.byteLength <= STEERING_BYTES;
  return { dims, bytes: steers ? [...data] : null };
}

/** Tensors like those that a stage will be fed; null where they are not known, or too large to be worth it. */
export function typicalInputs({ inputs, warmUp: samples }: LoadStage): Tensor[] | null {
  if (inputs.length === 0 || samples.length !== inputs.length) return null;
  const sizes = inputs.map(({ dtype }, index) => tensorBytes(dtype, samples[index]?.dims ?? []));
  if (sizes.reduce((sum, bytes) => sum + bytes, 0) > LARGEST_BYTES) return null;
  return inputs.map(({ dtype }, index): Tensor => {
    const { dims, bytes } = samples[index] ?? { dims: [], bytes: null };
    const data = new Uint8Array(sizes[index] ?? 0);
    if (bytes?.length === data.byteLength) data.set(bytes);
    return tensor(dtype, dims, data);
  });
}

/**
 * Runs a stage once on tensors like those it will be fed: the first run of a session costs 100 to 220 ms more
 * than the others (facts.md F), and on a GPU it compiles the shaders. Never rejects: a stage that cannot take
 * these may still take its input.
 */
export async function warmUp({ terms, executor, handle }: Stage): Promise<void> {
  const inputs = typicalInputs(terms);
  // What is wrong with the stage itself will show at the first item, with its input.
  if (inputs) await executor.run(handle, inputs, { sends: [] }).catch(() => undefined);
}
