/** Time, injected so that tests can run in virtual time. */
export interface Clock {
  /** Milliseconds since the epoch; never runs backwards. */
  now(): number;
  setTimeout(run: () => void, ms: number): number;
  clearTimeout(timer: number): void;
}

/** The clock of a page, a worker or Node: `performance` because `Date` jumps when the device's time is set. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};
