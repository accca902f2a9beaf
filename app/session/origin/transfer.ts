import { FetchError, PotluckError } from '../../../core/errors.ts';
import { Patience, STALL_MS } from './patience.ts';

/** One request to a server that publishes models. */
export interface TransferOptions {
  /** What it is for, in words, for errors. */
  readonly step: string;
  readonly signal: AbortSignal;
  readonly method?: 'GET' | 'HEAD';
  /** The value of a Range header: `bytes=0-9`. */
  readonly range?: string;
  readonly stallMs?: number | undefined;
  /** Weights pass by the browser's cache; `default` is for what belongs to the page. */
  readonly cache?: 'default' | 'no-store';
}

/** An answer whose body is read chunk by chunk. Whoever got it calls `end`, which closes the connection if needed. */
export interface Transfer {
  readonly response: Response;
  /** The next bytes, or null at the end. @throws FetchError, or the signal's reason. */
  next(): Promise<Uint8Array<ArrayBuffer> | null>;
  end(): void;
}

/**
 * Asks a server. Any status is an answer. @throws FetchError when there is none, or the signal's reason.
 *
 * - A single Range of the form `bytes=a-b` is safelisted by CORS: no preflight, which many hubs would refuse.
 * - No credentials: models are public, and `Access-Control-Allow-Origin: *` would forbid them.
 * - `no-store`: the pieces are kept by their hash, so a copy in the browser's cache would be a second one; and
 *   Chromium lets requests for one address wait for each other when its cache is in play.
 */
export async function transfer(url: string, options: TransferOptions): Promise<Transfer> {
  const { step, signal, method = 'GET', range, stallMs = STALL_MS, cache = 'no-store' } = options;
  const { host } = new URL(url);
  const patience = new Patience(signal, stallMs);
  try {
    const response = await patience.wait(
      step,
      host,
      fetch(url, {
        method,
        signal: patience.signal,
        credentials: 'omit',
        cache,
        ...(range === undefined ? {} : { headers: { Range: range } }),
      }),
    );
    const reader = response.body?.getReader();
    const next = async (): Promise<Uint8Array<ArrayBuffer> | null> => {
      if (!reader) return null;
      try {
        const { value } = await patience.wait(step, host, reader.read());
        return value ?? null;
      } catch (error) {
        throw signal.aborted || error instanceof PotluckError ? error : brokeOff(step, host, error);
      }
    };
    return { response, next, end: () => patience.end() };
  } catch (error) {
    patience.end();
    throw signal.aborted || error instanceof PotluckError ? error : noAnswer(step, host, error);
  }
}

/** Browsers do not say which of the two it was, so the message names both. */
function noAnswer(step: string, host: string, cause: unknown): FetchError {
  return new FetchError(
    `${host} cannot be reached, or it does not let other pages read this file (no CORS header). Download the file yourself and drop it here.`,
    {
      step,
      expected: 'a response with Access-Control-Allow-Origin',
      actual: String(cause),
      retry: true,
      unreachable: true,
    },
    { cause },
  );
}

function brokeOff(step: string, host: string, cause: unknown): FetchError {
  return new FetchError(
    `The connection to ${host} broke off (${String(cause)}).`,
    { step, expected: 'more bytes', actual: String(cause), retry: true },
    { cause },
  );
}
