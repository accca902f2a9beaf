import { RequestFailedError } from '../errors.ts';
import type { PeerId } from '../ids.ts';
import type { Decode } from '../language/decode.ts';
import type { Dtype } from '../tensor/dtype.ts';
import { buffersOf, type Tensor, tensor, tensorBytes } from '../tensor/tensor.ts';
import { cutState } from './cut-state.ts';

/** Which run of which sequence: numbered by the peer that asks. */
export interface SequenceRun {
  readonly origin: PeerId;
  readonly sequence: number;
  /** Runs that the sequence has had before. */
  readonly step: number;
  /** In a run of a decoder: what of the past counts, and how many tokens come to it. */
  readonly decode?: Pick<Decode, 'from' | 'keep' | 'count'>;
}

/** What a state is before the first run: zeros. */
export interface BlankState {
  readonly dtype: Dtype;
  readonly dims: readonly number[];
}

/** The states of one run; whoever takes them owns the tensors. */
export interface TakenStates {
  readonly tensors: readonly Tensor[];
  /** Gives the keeper the states for the next run, and their ownership. */
  keep(next: readonly Tensor[]): void;
}

/** Conversations that a room of 32 devices has at once, twice over. */
const MAX_SEQUENCES = 64;
/** What a phone can spare beside its weights: 11,000 tokens of all 22 layers of TinyLlama 1.1B in half precision. */
const MAX_BYTES = 256 * 1024 * 1024;

interface Entry {
  readonly origin: PeerId;
  /** Runs done. */
  step: number;
  /** Tokens that the states hold, in a decoder's sequence. */
  tokens: number;
  /** Undefined while a run has them, and for good if it failed. */
  tensors: readonly Tensor[] | undefined;
}

/**
 * The states of one stage between the runs of each sequence, under one plan. Bounded: the sequence that was used least
 * recently goes first, and its next run is refused.
 */
export class StateKeeper {
  /** In order of use. */
  readonly #entries = new Map<string, Entry>();
  readonly #maxBytes: number;

  constructor(maxBytes: number = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Bytes of the tensors in hand. */
  get bytes(): number {
    const tensors = [...this.#entries.values()].flatMap((entry) => entry.tensors ?? []);
    return buffersOf(tensors).reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /**
   * The states for this run: zeros for step 0, else what the run before gave. A decoder's are cut to the tokens that
   * count, and its first run may begin with a copy of another sequence's.
   * @throws RequestFailedError of the step `state` when they are not here, or not of that run.
   */
  take(run: SequenceRun, blanks: readonly BlankState[]): TakenStates {
    const { origin, sequence, step, decode } = run;
    const key = keyOf(origin, sequence);
    const tensors = this.#statesFor(run, blanks);
    const entry: Entry = { origin, step, tokens: 0, tensors: undefined };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#shrink();
    const keep = (next: readonly Tensor[]): void => {
      // Ended, pushed out, or begun anew meanwhile.
      if (this.#entries.get(key) !== entry) return;
      entry.tensors = next;
      entry.step = step + 1;
      entry.tokens = decode ? decode.keep + decode.count : 0;
      this.#shrink();
    };
    return { tensors, keep };
  }

  end(origin: PeerId, sequence: number): void {
    this.#entries.delete(keyOf(origin, sequence));
  }

  /** Ends all sequences of a peer that is gone. */
  forget(origin: PeerId): void {
    for (const [key, entry] of this.#entries) if (entry.origin === origin) this.#entries.delete(key);
  }

  #statesFor(run: SequenceRun, blanks: readonly BlankState[]): readonly Tensor[] {
    const { origin, sequence, step, decode } = run;
    const forked = step === 0 && decode !== undefined && decode.from !== 0;
    if (step === 0 && !forked) {
      if (decode && decode.keep > 0) throw tooShort(decode.keep, 0);
      return this.#zeros(blanks);
    }
    const kept = this.#entries.get(keyOf(origin, forked ? decode.from : sequence));
    if (!kept?.tensors || (!forked && kept.step !== step)) throw gone(step, kept?.tensors && kept.step);
    if (!decode) return kept.tensors;
    const { keep } = decode;
    if (kept.tokens < keep) throw tooShort(keep, kept.tokens);
    // Of another sequence only a copy.
    if (kept.tokens === keep && !forked) return kept.tensors;
    return kept.tensors.map((state, at) => cutState(state, blanks[at]?.dims ?? [], kept.tokens, keep));
  }

  #zeros(blanks: readonly BlankState[]): readonly Tensor[] {
    const bytes = blanks.reduce((sum, { dtype, dims }) => sum + tensorBytes(dtype, dims), 0);
    if (bytes > this.#maxBytes) {
      throw new RequestFailedError('The state of this model is larger than a device keeps.', {
        step: 'state',
        expected: `at most ${this.#maxBytes} bytes`,
        actual: `${bytes} bytes`,
      });
    }
    return blanks.map(({ dtype, dims }) => tensor(dtype, dims, new Uint8Array(tensorBytes(dtype, dims))));
  }

  #shrink(): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= MAX_SEQUENCES && this.bytes <= this.#maxBytes) return;
      this.#entries.delete(key);
    }
  }
}

function keyOf(origin: PeerId, sequence: number): string {
  return `${origin}/${sequence}`;
}

function gone(expected: number, actual: number | undefined): RequestFailedError {
  const message =
    'A device no longer has the state of this sequence: a run of it failed, or others took the room. Begin a new one.';
  return new RequestFailedError(message, {
    step: 'state',
    expected: `the state after ${expected} runs`,
    actual: actual === undefined ? 'none' : `the state after ${actual} runs`,
  });
}

function tooShort(expected: number, actual: number): RequestFailedError {
  return new RequestFailedError(
    'A device has less of this text than the run goes on from. Begin a new one.',
    {
      step: 'state',
      expected: `${expected} tokens`,
      actual: `${actual} tokens`,
    },
  );
}
