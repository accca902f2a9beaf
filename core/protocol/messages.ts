import type { BoundaryTensor } from '../graph/shard.types.ts';
import type { Epoch, PeerId, RequestId } from '../ids.ts';
import type {
  DeviceCard,
  LoadReport,
  ModelCard,
  PlanMode,
  PlanView,
  Progress,
  Seat,
} from '../session/state.ts';

/**
 * Control messages between peers: one union, JSON over a Link, checked in `parse.ts`, the only door.
 * Tensors and weights never travel here: see `frame.ts` and `shard-piece.ts`.
 */
export type ControlMessage =
  /** First on every link, and again whenever the card changes. */
  | { readonly type: 'card'; readonly card: DeviceCard }
  /** Once a second while something changes. */
  | { readonly type: 'load'; readonly load: LoadReport }
  /** What this device measured of its links: to the leader, for the plan. */
  | { readonly type: 'links'; readonly links: readonly LinkReport[] }
  /** From the leader, to each new peer and on change. */
  | { readonly type: 'model'; readonly model: ModelCard | null }
  | {
      readonly type: 'room';
      readonly mode: PlanMode;
      readonly plan: PlanView | null;
      readonly preparing: Progress | null;
      readonly seats: readonly Seat[];
    }
  /** Leader to the holder of a stage: shard pieces of this epoch follow. */
  | LoadStage
  /** Holder to everybody while its stage arrives and loads; null at the end. */
  | { readonly type: 'stage-progress'; readonly epoch: Epoch; readonly progress: Progress | null }
  /** Holder to leader. */
  | { readonly type: 'stage-ready'; readonly epoch: Epoch; readonly stage: number }
  | {
      readonly type: 'stage-failed';
      readonly epoch: Epoch;
      readonly stage: number;
      readonly step: string;
      readonly message: string;
    }
  /** To whoever asked. */
  | {
      readonly type: 'request-failed';
      readonly epoch: Epoch;
      readonly request: RequestId;
      readonly step: string;
      readonly message: string;
    }
  | { readonly type: 'goodbye'; readonly reason: string };

export interface LinkReport {
  readonly peer: PeerId;
  readonly rttMs: number;
  readonly mbitPerSec: number;
}

export interface LoadStage {
  readonly type: 'load-stage';
  readonly epoch: Epoch;
  /** Index of this stage in the plan. */
  readonly stage: number;
  /** The holder of each stage, in order, so that activations go straight to the next. */
  readonly holders: readonly PeerId[];
  /** Names the shard's content within this leader's page; equal keys mean equal bytes. */
  readonly shard: string;
  /** The holder loaded this very shard before and still runs it: no pieces follow. */
  readonly reuse: boolean;
  readonly modelBytes: number;
  readonly weightBytes: number;
  readonly inputs: readonly BoundaryTensor[];
  readonly outputs: readonly BoundaryTensor[];
  readonly receives: readonly BoundaryTensor[];
  readonly sends: readonly BoundaryTensor[];
  /** Shape of each input as measured, to run once with zeros before the first item; empty when not known. */
  readonly warmUp: readonly (readonly number[])[];
}
