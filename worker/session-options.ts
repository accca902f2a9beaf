import type { InferenceSession } from 'onnxruntime-common';
import { PACK_LOCATION } from '../core/graph/shard.types.ts';
import type { Provider } from '../core/provider.ts';
import type { StageModel } from '../core/runtime/stage-executor.ts';

/** Folded constants up to here are shapes, masks and tables, not weights in another layout. */
const SMALL_CONSTANT = 1024 ** 2;

/**
 * How ONNX Runtime makes the session of a stage. Without `prepack` it keeps each weight as it is stored: no copy in
 * the layout of the kernel, and none that is transposed once while loading. All else is the runtime's default: the
 * CPU arena, memory patterns and the allocator of initialisers changed neither times nor the heap.
 */
export function sessionOptions(
  provider: Provider,
  weights: StageModel['weights'],
  { prepack, keeps }: { readonly prepack: boolean; readonly keeps: readonly string[] },
): InferenceSession.SessionOptions {
  return {
    // As an object, because some provider options are read only then (facts.md A3).
    executionProviders: [{ name: provider }],
    // Errors only: sessions with outputs on the GPU do not heed the level of the whole runtime.
    logSeverityLevel: 3,
    // What stays between runs need not come down from the GPU and go up again.
    ...(provider === 'webgpu' &&
      keeps.length > 0 && {
        preferredOutputLocation: Object.fromEntries(keeps.map((name) => [name, 'gpu-buffer' as const])),
      }),
    ...(weights && { externalData: [{ path: PACK_LOCATION, data: weights }] }),
    ...(!prepack && {
      extra: {
        session: { disable_prepacking: '1' },
        optimization: { constant_folding_max_output_size_in_bytes: String(SMALL_CONSTANT) },
      },
    }),
  };
}
