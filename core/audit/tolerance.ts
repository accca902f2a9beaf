import type { DeviceProfile } from '../session/state.ts';
import type { Difference } from './difference.ts';

/** How far honest devices may be apart. */
export interface Tolerance {
  /** As {@link Difference.relative}. */
  readonly relative: number;
  /** Whole numbers that rounding moved: by so many steps at most, and such a share of them. */
  readonly steps: number;
  readonly share: number;
}

/** What of a model makes honest results differ more. */
export interface NumberTraits {
  /** Computes in half precision somewhere. */
  readonly half: boolean;
  /** Rounds to whole numbers on the way: what differs in the last bit before may differ by a whole step after. */
  readonly quantised: boolean;
  /** Decides by comparing, as ArgMax does: a last bit may change all that follows. */
  readonly jumps: boolean;
  /** Draws numbers of its own. Nothing can be said of its results. */
  readonly random: boolean;
}

/**
 * Both compute with the same WASM: only prepacking differs, which moved results by 3e-7 (mobilenetv2), and the number
 * of threads. A factor of 30 above it.
 */
const ALIKE = 1e-5;
/**
 * Sums in another order, and other approximations of exp and tanh. Software WebGPU was off by 3e-6 at most
 * (`npm run bench -- --audit`); WGSL allows a GPU much more, and ONNX Runtime's own tests 1e-3 an operator.
 */
const APART = 2e-3;
/** Half precision has 11 bits: one step is 1e-3 of a number. */
const HALF_ALIKE = 4e-3;
const HALF_APART = 3e-2;
/**
 * A step of a value in 8 bits is 0.8 % of the largest one. Between WASM and a GPU the steps add up: 12 % of what is
 * usual (mobilenetv2 in int8), which says nothing any more.
 */
const QUANTISED = 3e-2;

const ANYTHING: Tolerance = {
  relative: Number.POSITIVE_INFINITY,
  steps: Number.POSITIVE_INFINITY,
  share: 1,
};

export type Runtime = Pick<DeviceProfile, 'provider' | 'runtime' | 'threads'>;

/** Whether what one of two devices makes says anything about the other. */
export function canCompare(a: Runtime, b: Runtime, { quantised, jumps }: NumberTraits): boolean {
  if (jumps) return computeAlike(a, b);
  return !quantised || bothOnWasm(a, b);
}

/** For what two devices make of the same input. */
export function toleranceFor(a: Runtime, b: Runtime, traits: NumberTraits): Tolerance {
  const { half, quantised, jumps } = traits;
  // Only bits can tell.
  if (jumps) return ANYTHING;
  const alike = bothOnWasm(a, b);
  const relative = quantised ? QUANTISED : half ? (alike ? HALF_ALIKE : HALF_APART) : alike ? ALIKE : APART;
  return quantised ? { relative, steps: 1, share: 0.05 } : { relative, steps: 0, share: 0 };
}

/** The same code with the same settings gives the same bits: WebAssembly leaves no freedom. */
export function computeAlike(a: Runtime, b: Runtime): boolean {
  return bothOnWasm(a, b) && a.runtime === b.runtime && a.threads === b.threads;
}

function bothOnWasm(a: Runtime, b: Runtime): boolean {
  return a.provider === 'wasm' && b.provider === 'wasm';
}

export function isWithin({ equal, relative, steps, share }: Difference, tolerance: Tolerance): boolean {
  return equal || (relative <= tolerance.relative && steps <= tolerance.steps && share <= tolerance.share);
}
