/** Named claims that all pages of a browser see. */
export interface Claims {
  /** Takes a share of a claim, until it is given back or this page ends; waits while somebody has it alone. */
  share(name: string): Promise<() => void>;
  /** Has a claim alone for as long as `work` takes; waits for it. */
  alone(name: string, work: () => Promise<void>): Promise<void>;
  /** As `alone`, but answers false at once when somebody else has the claim or a share of it. */
  aloneIfFree(name: string, work: () => Promise<void>): Promise<boolean>;
  /** The names of all claims that somebody has. */
  taken(): Promise<ReadonlySet<string>>;
}

/** Claims by the Web Locks of the browser, which the death of a page or worker releases. */
export function webLockClaims(locks: LockManager): Claims {
  return {
    share: (name) =>
      new Promise((resolve, reject) => {
        const untilGivenBack = (): Promise<void> => new Promise((giveBack) => resolve(giveBack));
        locks.request(name, { mode: 'shared' }, untilGivenBack).catch(reject);
      }),
    alone: (name, work) => locks.request(name, work),
    aloneIfFree: (name, work) =>
      locks.request(name, { ifAvailable: true }, async (lock) => {
        if (lock) await work();
        return lock !== null;
      }),
    taken: async () => {
      const { held } = await locks.query();
      return new Set(held?.flatMap(({ name }) => name ?? []));
    },
  };
}
