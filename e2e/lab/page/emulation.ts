/** How long computing is made to take. May be changed at any time; holds for runs that begin from then on. */
export interface Emulation {
  /** A run takes at least this much for each node of its graph: a device's speed that no real core limits. */
  nodeMs: number;
  /** Then, or what it really took, is multiplied by this. */
  factor: number;
  /** Drawn evenly from 1 - jitter to 1 + jitter for each run, and multiplied as well. */
  jitter: number;
  /** Every number that a stage gives is wrong by up to this share of itself; 0: it is right. */
  corrupt: number;
}
