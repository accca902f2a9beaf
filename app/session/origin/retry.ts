import { PotluckError } from '../../../core/errors.ts';

const TRIES = 3;
const FIRST_PAUSE_MS = 500;
/** A server that asks for more patience than this is not waited for. */
const LONGEST_PAUSE_MS = 10_000;

export interface RetryOptions {
  readonly signal: AbortSignal;
  /** Pause before the second try; each later one is twice as long. */
  readonly firstPauseMs?: number | undefined;
}

/** Does `work` up to three times, as long as its errors say `retry: true`. @throws the last error, or the signal's reason. */
export async function withRetry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal, firstPauseMs = FIRST_PAUSE_MS } = options;
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || tried === TRIES || !mayPass(error)) throw error;
      const asked = Number(error.data.retryAfterMs ?? 0);
      if (asked > LONGEST_PAUSE_MS) throw error;
      await pause(Math.max(asked, firstPauseMs * 2 ** (tried - 1)), signal);
    }
  }
}

function mayPass(error: unknown): error is PotluckError {
  return error instanceof PotluckError && error.data.retry === true;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal.addEventListener('abort', abort, { once: true });
  });
}
