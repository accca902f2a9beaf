import { RequestFailedError } from '../errors.ts';
import type { PeerId } from '../ids.ts';
import type { Decode } from '../language/decode.ts';
import type { Dtype } from '../tensor/dtype.ts';
import { tensor, tensorBytes } from '../tensor/tensor.ts';
import { cutState } from './cut-state.ts';
import type { KeptTensor, StageInput } from './stage-executor.ts';

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

/** The states of one run. */
export interface TakenStates {
  readonly inputs: readonly StageInput[];
  /** Gives the keeper the states for the next run. */
  keep(next: readonly KeptTensor[]): void;
}

export interface StateKeeperOptions {
  /** Frees states where they are. */
  readonly drop: (kept: readonly number[]) => void;
  readonly maxBytes?: number;
}

/** Conversations that a room of 32 devices has at once, twice over. */
const MAX_SEQUENCES = 64;
/** A late run can belong to any sequence that ended while it was on its way, even over a link that was away for seconds. */
const REMEMBERED_ENDS = 256;
/** What a phone can spare beside its weights: 11,000 tokens of all 22 layers of TinyLlama 1.1B in half precision. */
const MAX_BYTES = 256 * 1024 * 1024;

interface Entry {
  readonly origin: PeerId;
  /** Runs done. */
  step: number;
  /** Tokens that the states hold, in a decoder's sequence. */
  tokens: number;
  /** Undefined while a run has them, and for good if it failed. */
  states: readonly KeptTensor[] | undefined;
}

/**
 * Which states of one stage belong to which sequence between its runs, under one plan; the tensors themselves stay with
 * the executor. Bounded: of the peer that has the most, the sequence that was used least recently goes first, and its
 * next run is refused; so nobody's many push out anybody's few.
 */
export class StateKeeper {
  /** In order of use. */
  readonly #entries = new Map<string, Entry>();
  /** Ended: a run that comes late must not begin one anew, which nobody would end. By key, the oldest first. */
  readonly #ended = new Map<string, PeerId>();
  readonly #drop: StateKeeperOptions['drop'];
  readonly #maxBytes: number;

  constructor({ drop, maxBytes = MAX_BYTES }: StateKeeperOptions) {
    this.#drop = drop;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Of the states that no run has just now. */
  get bytes(): number {
    return [...this.#entries.values()].reduce((sum, entry) => sum + bytesOf(entry), 0);
  }

  /**
   * The states for this run: zeros for step 0, else what the run before gave. A decoder's are cut to the tokens that
   * count, and its first run may begin with a copy of another sequence's.
   * @throws RequestFailedError of the step `state` when they are not here, or not of that run.
   */
  take(run: SequenceRun, blanks: readonly BlankState[]): TakenStates {
    const { origin, sequence, step, decode } = run;
    const key = keyOf(origin, sequence);
    if (this.#ended.has(key)) throw gone(step, undefined);
    const inputs = this.#inputsFor(run, blanks);
    // Begun anew: what it had before is no input of this run.
    if (step === 0) this.#remove(key);
    const entry: Entry = { origin, step, tokens: 0, states: undefined };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#shrink();
    const keep = (next: readonly KeptTensor[]): void => {
      // Ended, pushed out, or begun anew meanwhile.
      if (this.#entries.get(key) !== entry) {
        this.refuse(next);
        return;
      }
      entry.states = next;
      entry.step = step + 1;
      entry.tokens = decode ? decode.keep + decode.count : 0;
      this.#shrink();
    };
    return { inputs, keep };
  }

  /** Frees states that belong to no sequence. */
  refuse(states: readonly KeptTensor[]): void {
    this.#drop(states.map(({ kept }) => kept));
  }

  /** The origin uses this number never again. */
  end(origin: PeerId, sequence: number): void {
    const key = keyOf(origin, sequence);
    this.#remove(key);
    this.#ended.set(key, origin);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > REMEMBERED_ENDS && oldest !== undefined) this.#ended.delete(oldest);
  }

  /** Ends all sequences of a peer that is gone. Its next page numbers its own from 1. */
  forget(origin: PeerId): void {
    for (const [key, of] of this.#ended) if (of === origin) this.#ended.delete(key);
    for (const [key, entry] of this.#entries) if (entry.origin === origin) this.#remove(key);
  }

  /** Ends all sequences: the plan is over. */
  clear(): void {
    for (const key of this.#entries.keys()) this.#remove(key);
  }

  #inputsFor(run: SequenceRun, blanks: readonly BlankState[]): readonly StageInput[] {
    const { origin, sequence, step, decode } = run;
    const forked = step === 0 && decode !== undefined && decode.from !== 0;
    if (step === 0 && !forked) {
      if (decode && decode.keep > 0) throw tooShort(decode.keep, 0);
      return this.#zeros(blanks);
    }
    const from = keyOf(origin, forked ? decode.from : sequence);
    const entry = this.#entries.get(from);
    if (!entry?.states || (!forked && entry.step !== step)) throw gone(step, entry?.states && entry.step);
    // Lately used, so that it isn't pushed out before this run has begun.
    this.#entries.delete(from);
    this.#entries.set(from, entry);
    const { states, tokens } = entry;
    const keep = decode?.keep ?? tokens;
    if (tokens < keep) throw tooShort(keep, tokens);
    return states.map((state, at) => ({
      kept: state.kept,
      cut: tokens === keep ? null : cutState(state, blanks[at]?.dims ?? [], tokens, keep),
      // Another sequence's is only lent.
      last: !forked,
    }));
  }

  #zeros(blanks: readonly BlankState[]): readonly StageInput[] {
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
    for (;;) {
      const tooMany = this.#entries.size > MAX_SEQUENCES;
      if (!tooMany && this.bytes <= this.#maxBytes) return;
      const most = this.#greediest(tooMany ? () => 1 : bytesOf);
      const [oldest] = [...this.#entries].find(([, { origin }]) => origin === most) ?? [];
      if (oldest === undefined) return;
      this.#remove(oldest);
    }
  }

  /** Of peers with as much, the one whose sequence was used least recently. */
  #greediest(sizeOf: (entry: Entry) => number): PeerId | undefined {
    const sizes = new Map<PeerId, number>();
    for (const entry of this.#entries.values())
      sizes.set(entry.origin, (sizes.get(entry.origin) ?? 0) + sizeOf(entry));
    let most: PeerId | undefined;
    for (const [origin, size] of sizes) if (size > (sizes.get(most as PeerId) ?? 0)) most = origin;
    return most;
  }

  #remove(key: string): void {
    const states = this.#entries.get(key)?.states ?? [];
    this.#entries.delete(key);
    if (states.length > 0) this.refuse(states);
  }
}

function bytesOf({ states = [] }: Entry): number {
  return states.reduce((sum, { bytes }) => sum + bytes, 0);
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
