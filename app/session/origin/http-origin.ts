import { FetchError } from '../../../core/errors.ts';
import type { Origin, OriginCard, OriginFile } from '../../../core/weights/origin.ts';
import { fileAddress } from './address.ts';
import { refusal } from './refusal.ts';
import { type Transfer, transfer } from './transfer.ts';
import { contentRangeOf, mayBeVersion } from './version.ts';

const STEP = 'fetch weights from the origin';

export interface HttpOriginOptions {
  /** A server that sends nothing for this long is given up. */
  readonly stallMs?: number;
}

/** Fetches ranges of a model's files over HTTP, from any server that answers 206 and lets pages read the answer. */
export function httpOrigin(card: OriginCard, { stallMs }: HttpOriginOptions = {}): Origin {
  return {
    async *read(name, offset, length, signal) {
      const file = fileOf(card, name);
      const url = fileAddress(card.url, name);
      if (offset < 0 || length < 0 || offset + length > file.bytes)
        throw new RangeError(`bytes ${offset}+${length} are not within the ${file.bytes} of "${name}"`);
      if (length === 0) return;
      const range = `bytes=${offset}-${offset + length - 1}`;
      const answer = await transfer(url, { step: STEP, signal, range, stallMs });
      try {
        check(url, file, offset, answer.response);
        yield* exactly(url, length, answer);
      } finally {
        answer.end();
      }
    },
  };
}

function fileOf(card: OriginCard, name: string): OriginFile {
  const file = card.files.find((each) => each.name === name);
  if (file) return file;
  throw new FetchError(`The model at ${card.url} has no file "${name}".`, {
    step: STEP,
    expected: card.files.map((each) => each.name || 'the model').join(', '),
    actual: name,
    retry: false,
  });
}

function check(url: string, file: OriginFile, offset: number, response: Response): void {
  if (response.status !== 206) throw refusal(url, response, STEP, '206');
  // Cross-origin answers show Content-Range only where the server exposes it; the length is counted anyway.
  const range = contentRangeOf(response);
  const size = range?.size ?? file.bytes;
  if (size !== file.bytes) throw changed(url, `${file.bytes} bytes`, `${size} bytes`);
  if (range && range.first !== offset) {
    throw new FetchError(`${url} answered with another part of the file than was asked for.`, {
      step: STEP,
      expected: `bytes from ${offset} on`,
      actual: `bytes from ${range.first} on`,
      retry: false,
    });
  }
  if (!mayBeVersion(file.validator, response))
    throw changed(url, `version ${file.validator}`, 'another version');
}

function changed(url: string, expected: string, actual: string): FetchError {
  return new FetchError(`${url} has changed since the model was opened. Open it again.`, {
    step: STEP,
    expected,
    actual,
    retry: false,
  });
}

async function* exactly(
  url: string,
  length: number,
  answer: Transfer,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let done = 0;
  for (let chunk = await answer.next(); chunk; chunk = await answer.next()) {
    done += chunk.byteLength;
    if (done > length) throw wrongLength(url, length, `more than ${length} bytes`, false);
    yield chunk;
  }
  if (done < length) throw wrongLength(url, length, `${done} bytes`, true);
}

function wrongLength(url: string, length: number, actual: string, retry: boolean): FetchError {
  return new FetchError(`${url} sent ${actual} where ${length} were asked for.`, {
    step: STEP,
    expected: `${length} bytes`,
    actual,
    retry,
  });
}
