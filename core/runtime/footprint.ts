/**
 * What a worker takes that holds no weights: the runtime's own share of its heap, tensors of usual size, one
 * chunk of weights on its way. Measured: 17 MB of heap for a stage of 1 MB.
 */
export const BASE_BYTES = 40e6;
/**
 * For each byte of weights. Measured without prepacking: 1.05, to which the heap adds up to a fifth when it has to
 * grow once more, which it seldom does.
 */
const PER_WEIGHT_BYTE = 1.1;

/** The most memory that a worker takes with a stage of `bytes` weights, state and workspace, when it does not prepack. */
export function workerBytes(bytes: number): number {
  return BASE_BYTES + bytes * PER_WEIGHT_BYTE;
}

/** How many bytes of weights, state and workspace a worker may hold that stays within `budget`. */
export function usableBytes(budget: number): number {
  return Math.max(0, Math.floor((budget - BASE_BYTES) / PER_WEIGHT_BYTE));
}
