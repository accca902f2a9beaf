import type { MeasuredModel } from '../plan/profile.ts';
import type { TensorSample } from './messages.ts';

/** What one walk through the model on one device told: see `runtime/calibrate.ts`. */
export interface Calibration extends MeasuredModel {
  /** Each tensor at each boundary, in the order of the blocks' boundaries. */
  readonly boundarySamples: readonly (readonly TensorSample[])[];
  /** Blocks that did not run here, too large or fed with stand-ins that they refuse: their times are computed. */
  readonly estimated: readonly boolean[];
  /** The whole model in one piece on this device, to which the times of the blocks add up; null when it was not tried. */
  readonly wholeMs: number | null;
}
