import { ProtocolError } from '../errors.ts';
import type { LoadStage } from '../protocol/messages.ts';
import type { ShardPiece } from '../protocol/shard-piece.ts';
import type { Progress } from '../session/state.ts';
import type { StageModel } from './stage-executor.ts';

/** A stage larger than this is refused: ONNX Runtime Web's heap ends at 4 GiB (facts.md A1). */
const LARGEST_SHARD = 4 * 1024 ** 3;

/** Puts the pieces of one shard together. Pieces arrive once each, in any order. */
export class ShardIntake {
  readonly terms: LoadStage;
  readonly #ready: StageModel | undefined;
  readonly #model: Uint8Array<ArrayBuffer>;
  #weights: Uint8Array<ArrayBuffer> | null;
  #received = 0;

  /** `ready`: the bytes are here already. */
  constructor(terms: LoadStage, ready?: StageModel) {
    this.terms = terms;
    this.#ready = ready;
    if (terms.modelBytes + terms.weightBytes > LARGEST_SHARD) {
      throw new ProtocolError('That part of the model is larger than a browser tab can hold.', {
        step: 'receive weights',
        expected: `at most ${LARGEST_SHARD} bytes`,
        actual: `${terms.modelBytes + terms.weightBytes} bytes`,
      });
    }
    this.#model = new Uint8Array(ready ? 0 : terms.modelBytes);
    this.#weights = terms.weightBytes > 0 && !ready ? new Uint8Array(terms.weightBytes) : null;
  }

  get complete(): boolean {
    return this.#ready !== undefined || this.#received >= this.terms.modelBytes + this.terms.weightBytes;
  }

  add(piece: ShardPiece): void {
    const target = piece.part === 'model' ? this.#model : this.#weights;
    if (!target || piece.offset + piece.bytes.byteLength > target.byteLength) {
      throw new ProtocolError(
        `A piece of the ${piece.part} ends past its ${target?.byteLength ?? 0} bytes.`,
        {
          step: 'receive weights',
          expected: `at most ${target?.byteLength ?? 0} bytes`,
          actual: `${piece.offset + piece.bytes.byteLength} bytes`,
        },
      );
    }
    target.set(piece.bytes, piece.offset);
    this.#received += piece.bytes.byteLength;
  }

  /** The stage for the executor, which takes the only copy of the weights with it. */
  take(): StageModel {
    if (this.#ready) return this.#ready;
    const weights = this.#weights;
    this.#weights = null;
    return { model: this.#model, weights, inputs: this.terms.inputs, outputs: this.terms.outputs };
  }

  progress(): Progress {
    const total = this.terms.modelBytes + this.terms.weightBytes;
    return {
      step: this.complete ? 'Loading its layers' : 'Receiving its layers',
      fraction: total > 0 ? this.#received / total : null,
      bytesDone: this.#received,
      bytesTotal: total,
    };
  }
}
