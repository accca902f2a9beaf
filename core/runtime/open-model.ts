import type { Blocks } from '../graph/blocks.ts';
import type { ModelGraph } from '../graph/model-graph.ts';
import type { Guess } from '../graph/sample-inputs.ts';
import type { Sha256 } from '../ids.ts';
import type { Calibration } from '../protocol/calibration.ts';
import type { GraphFile } from '../protocol/inheritance.ts';
import type { OriginCard } from '../protocol/origin-card.ts';
import type { ModelCard } from '../session/state.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { LaidPiece } from '../weights/file-pieces.ts';

/** A model as the leader's page has it: the graph in memory, the weights wherever their files are. */
export interface OpenModel {
  readonly card: ModelCard;
  readonly graph: ModelGraph;
  readonly blocks: Blocks;
  /** The model's files, where they are on this device; null where they are at the origin only. */
  readonly blobOf: ((file: string) => Blob) | null;
  /** Pieces that came with the graph, by number. */
  readonly atHand: ReadonlyMap<number, Uint8Array<ArrayBuffer>>;
  /** Where each device can fetch from; null where this device alone has the files. */
  readonly origin: OriginCard | null;
  /** What is known of the pieces' hashes, by number. */
  readonly hashes: readonly (Sha256 | null)[];
  /** The files that the card's `language` or `encoder` names. */
  readonly beside?: readonly LaidPiece[];
  /** What was read of the files for the graph, for whoever leads next. */
  readonly graphFiles: readonly GraphFile[];
  /** One input of the shapes in use, to measure with. */
  readonly sample: (guess: Guess) => readonly Tensor[];
}

/** A model that has been measured. */
export interface Measured {
  readonly model: OpenModel;
  readonly calibration: Calibration;
}
