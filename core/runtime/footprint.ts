/** What a worker takes that holds no weights: the runtime's code data and heap, tensors of usual size. */
export const BASE_BYTES = 40e6;
/** For each byte of weights: heap that grows in steps, and pieces of weights on their way into it. */
const PER_WEIGHT_BYTE = 1.1;

/** The most memory that a worker takes with a stage of `bytes` weights, state and workspace. */
export function workerBytes(bytes: number): number {
  return BASE_BYTES + bytes * PER_WEIGHT_BYTE;
}

/** How many bytes of weights, state and workspace a worker may hold that stays within `budget`. */
export function usableBytes(budget: number): number {
  return Math.max(0, Math.floor((budget - BASE_BYTES) / PER_WEIGHT_BYTE));
}
