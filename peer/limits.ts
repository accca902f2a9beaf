import { availableParallelism, totalmem } from 'node:os';

/** What a computer has, of which a peer takes its part. */
export interface MachineFacts {
  readonly cores: number;
  readonly memoryBytes: number;
}

/** Beside us there are the system and what else runs. */
const MEMORY_SHARE = 1 / 2;
/** As many as the profile of a device may say. */
const MOST_THREADS = 1024;

/** This computer, or the container that it is limited to. */
export function machineFacts(): MachineFacts {
  const constrained =
    (process as { constrainedMemory?: () => number | undefined }).constrainedMemory?.() ?? 0;
  // Without a limit it says 0, or a number that no computer has.
  const limit = constrained > 0 ? constrained : Number.POSITIVE_INFINITY;
  return { cores: availableParallelism(), memoryBytes: Math.min(totalmem(), limit) };
}

/** Bytes that stages may take in all, the runtime included. */
export function memoryBudget({ memoryBytes }: MachineFacts, askedBytes: number | null): number {
  return askedBytes ?? Math.floor(memoryBytes * MEMORY_SHARE);
}

/**
 * The numbers of threads that are worth a try, which is measured: half the cores, because two of them may be one that
 * runs two threads; all but the one that carries messages; and a single one, which is best for small networks. The
 * first must work.
 */
export function threadChoices({ cores }: MachineFacts, asked: number | null): readonly number[] {
  if (asked !== null) return [Math.min(asked, MOST_THREADS)];
  const choices = [Math.ceil(cores / 2), cores - 1, 1];
  return [...new Set(choices.map((count) => Math.max(1, Math.min(MOST_THREADS, count))))];
}
