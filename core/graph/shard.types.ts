import type { Dtype } from '../tensor/dtype.ts';
import type { Piece } from './pieces.ts';

/** A tensor that crosses a boundary, or enters or leaves the model. */
export interface BoundaryTensor {
  readonly name: string;
  readonly dtype: Dtype;
  /** Declared dims, symbolic ones by name, null where the model does not say. Null as a whole: rank unknown. */
  readonly dims: readonly (number | string | null)[] | null;
}

/**
 * The bytes of one stage: a valid ONNX model of a few KB whose large initialisers are external data,
 * all in one pack named {@link PACK_LOCATION}, made of `weights` laid end to end in this order.
 */
export interface Shard {
  /** Blocks [start, end) of the partition. */
  readonly start: number;
  readonly end: number;
  /** Serialised ModelProto without the large weights. */
  readonly model: Uint8Array<ArrayBuffer>;
  /** What the pack is made of, in pack order. */
  readonly weights: readonly Piece[];
  /** Size of the pack. */
  readonly weightBytes: number;
  /** What the stage model is fed, in feed order. */
  readonly inputs: readonly BoundaryTensor[];
  /** What the stage model returns, in fetch order. */
  readonly outputs: readonly BoundaryTensor[];
  /** What arrives from the stage before (or the asker): `inputs` plus what only passes through. */
  readonly receives: readonly BoundaryTensor[];
  /** What goes to the next stage (or back to the asker): taken from `outputs` or passed through from `receives`. */
  readonly sends: readonly BoundaryTensor[];
  /** Number of graph nodes in the stage model, repeated side nodes included. */
  readonly nodeCount: number;
}

/** `location` of every external initialiser in a shard. */
export const PACK_LOCATION = 'weights';
