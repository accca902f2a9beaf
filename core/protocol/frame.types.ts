import type { Epoch, PeerId, RequestId } from '../ids.ts';
import type { Decode } from '../language/decode.ts';
import type { StageTiming } from '../session/state.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** `stage` of a frame that carries the result back to whoever asked. */
export const RESULT_STAGE = 0xffff;

/** Another run that goes together with a first one. */
export interface JoinedRun {
  readonly origin: PeerId;
  readonly request: RequestId;
  readonly sequence: number;
  readonly step: number;
  readonly decode: Decode;
}

/** Tensors on their way into a stage, or back to the asker. */
export interface Activation {
  readonly epoch: Epoch;
  /** Who asked, and gets the result. */
  readonly origin: PeerId;
  readonly request: RequestId;
  /**
   * Numbered by the origin. The stages keep the model's state between the runs of one sequence. 0: a plain run, whose
   * inputs and outputs are all there.
   */
  readonly sequence: number;
  /** How many runs the sequence has had before. 0 begins it, from zeros, whatever was kept. */
  readonly step: number;
  /** What a run of a decoder asks besides; absent for all other runs. */
  readonly decode?: Decode;
  /** Next steps of other texts that run together with this one: its tensors' further rows, in order. */
  readonly joined?: readonly JoinedRun[];
  /** Which slice of a batch this is, of how many. */
  readonly microBatch: number;
  readonly microBatches: number;
  /** The stage that is to run next, or {@link RESULT_STAGE}. */
  readonly stage: number;
  /** One entry for each stage that has run. */
  readonly trail: readonly StageTiming[];
  /** In the order of the `receives` of that stage (or of the model's outputs); names are agreed at plan time. */
  readonly tensors: readonly Tensor[];
}
