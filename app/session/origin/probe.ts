import { FetchError } from '../../../core/errors.ts';
import { headOf } from './head.ts';
import { refusal } from './refusal.ts';
import { withRetry } from './retry.ts';
import { type Transfer, type TransferOptions, transfer } from './transfer.ts';
import { contentLengthOf, contentRangeOf, validatorOf } from './version.ts';

/** The graph’s reader begins at the front. More would lie over weights, which other devices fetch. */
const FRONT_BYTES = 16 * 1024;

/** The server gives parts. `front` are the first bytes, which came with the answer. */
export interface RangesProbe {
  readonly kind: 'ranges';
  readonly bytes: number;
  readonly validator: string | null;
  readonly front: Uint8Array<ArrayBuffer>;
}

/** The server sends the whole file, and has begun to. The caller reads the body, or ends it. */
export interface WholeProbe {
  readonly kind: 'whole';
  /** As announced; null when the server does not say. */
  readonly bytes: number | null;
  readonly validator: string | null;
  readonly body: Transfer;
}

export interface ProbeOptions {
  /** In words, for errors: "open the model". */
  readonly step: string;
  readonly signal: AbortSignal;
  /** How much of the front is wanted at once; 1 for a file that is read elsewhere. */
  readonly frontBytes?: number;
  readonly stallMs?: number | undefined;
  readonly firstPauseMs?: number | undefined;
}

/**
 * Finds out about an absolute address with the request that its reader needs first anyway.
 * @throws FetchError when the server refuses or is not there, or the signal's reason.
 */
export function probeOrigin(url: string, options: ProbeOptions): Promise<RangesProbe | WholeProbe> {
  return withRetry(() => probeOnce(url, options), options);
}

async function probeOnce(url: string, options: ProbeOptions): Promise<RangesProbe | WholeProbe> {
  const { frontBytes = FRONT_BYTES } = options;
  const answer = await transfer(url, { ...options, range: `bytes=0-${frontBytes - 1}` });
  const { response } = answer;
  let whole = false;
  try {
    whole = response.status === 200;
    if (whole) return wholeFrom(answer);
    if (response.status !== 206) throw refusal(url, response, options.step, '206');
    const front = await frontOf(url, answer, frontBytes, options.step);
    const range = contentRangeOf(response);
    const size = range?.size ?? (await headOf(url, options).catch(() => null))?.bytes ?? null;
    if (size !== null && size >= front.byteLength)
      return { kind: 'ranges', bytes: size, validator: validatorOf(response), front };
  } finally {
    if (!whole) answer.end();
  }
  // It gives parts but tells nobody of what size the whole is: only the whole itself will tell.
  return wholeProbe(url, options);
}

/** Begins to fetch a whole file. @throws FetchError when the server refuses or is not there, or the signal's reason. */
export async function wholeProbe(
  url: string,
  options: Pick<TransferOptions, 'step' | 'signal' | 'stallMs' | 'cache'>,
): Promise<WholeProbe> {
  const body = await transfer(url, options);
  if (body.response.status === 200) return wholeFrom(body);
  body.end();
  throw refusal(url, body.response, options.step, '200');
}

function wholeFrom(body: Transfer): WholeProbe {
  const { response } = body;
  return { kind: 'whole', bytes: contentLengthOf(response), validator: validatorOf(response), body };
}

async function frontOf(
  url: string,
  answer: Transfer,
  frontBytes: number,
  step: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const first = contentRangeOf(answer.response)?.first ?? 0;
  const front = new Uint8Array(frontBytes);
  let filled = 0;
  for (let chunk = await answer.next(); chunk; chunk = await answer.next()) {
    if (first !== 0 || filled + chunk.byteLength > frontBytes) {
      throw new FetchError(`${url} answered with another part of the file than was asked for.`, {
        step,
        expected: `the first ${frontBytes} bytes`,
        actual: first === 0 ? 'more bytes' : `bytes from ${first} on`,
        retry: false,
      });
    }
    front.set(chunk, filled);
    filled += chunk.byteLength;
  }
  return front.subarray(0, filled);
}
