import type { SamplingOptions } from './sampling.ts';

/** What a run of a decoder asks of the stages beside its tensors: it travels with the activation. */
export interface Decode {
  /**
   * The sequence of the same origin whose state a first run begins with, as far as {@link keep} goes; it keeps its own.
   * 0: none. Ignored but in a first run.
   */
  readonly from: number;
  /** So many tokens of the past count: what the states hold beyond them is cut off before this run. */
  readonly keep: number;
  /** Tokens of this run. */
  readonly count: number;
  /** The tokens after the last so many of this run are chosen, and are the answer; 0 while a prompt is read. */
  readonly picks: number;
  /** Tokens of the text so far, each once, where the sampling counts them; else empty. */
  readonly before: readonly number[];
  readonly sampling: SamplingOptions;
  /** It is not to run together with others, as such a run has failed. */
  readonly alone?: true;
}

/** More than any plan needs: drafts have some eight tokens. */
export const MAX_PICKS = 64;
