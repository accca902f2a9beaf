/**
 * What a worker takes that holds no weights: the runtime's own share of its heap (24 MB are made ready), buffers
 * on the way (measured: 1 to 4 MB), and as much again for what was not measured.
 */
export const BASE_BYTES = 40e6;
/** For each byte of weights: one, and the twentieth by which the heap may grow too far. */
const PER_WEIGHT_BYTE = 1.05;

/** The most memory that a worker takes with a stage of `bytes` weights, state and workspace, when it does not prepack. */
export function workerBytes(bytes: number): number {
  return BASE_BYTES + bytes * PER_WEIGHT_BYTE;
}

/** How many bytes of weights, state and workspace a worker may hold that stays within `budget`. */
export function usableBytes(budget: number): number {
  return Math.max(0, Math.floor((budget - BASE_BYTES) / PER_WEIGHT_BYTE));
}
