import { parseArgs } from 'node:util';

/** What `npm run plan` was asked to do. */
export interface PlanArgs {
  /** Rooms by the file contract; at least one. */
  readonly files: readonly string[];
  /** Where the lines are written too, or null. */
  readonly json: string | null;
}

export const USAGE: string = `npm run plan -- ROOM.json... [--json OUT]

  --json OUT        write there what is printed, too

Prints one line of JSON for each room, in order: stages, latencyMs, periodMs, optimal, lowerBoundMs and solveMs;
or infeasible, with the reason.
Exit: 0 a plan for each; 1 wrong arguments, or a file that is not a room; 2 no plan for a room.`;

/** Reads the command line; throws TypeError or RangeError with a message for people. */
export function readArgs(argv: readonly string[]): PlanArgs {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { json: { type: 'string' } },
  });
  if (positionals.length === 0) throw new RangeError('a room file is needed');
  return { files: positionals, json: values.json ?? null };
}
