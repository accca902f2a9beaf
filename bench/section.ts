import type { BenchOptions } from './options.ts';

/** What one part of the bench found. */
export interface Outcome {
  /** As a person reads it in a terminal. */
  readonly text: string;
  /** Whether all limits were kept. */
  readonly good: boolean;
  /** Everything measured, for `--json`. */
  readonly data: unknown;
}

/** A part of the bench that can be asked for alone. */
export type Section = (options: BenchOptions) => Promise<Outcome>;
