import { FetchError, messageOf, StorageFullError } from '../../../core/errors.ts';
import type { Sha256 } from '../../../core/ids.ts';
import type { Progress } from '../../../core/session/state.ts';
import { Rate } from '../../../core/weights/rate.ts';
import type { Shelf } from '../../../core/weights/shelf.ts';
import { rememberWhole } from './kept-whole.ts';
import type { WholeProbe } from './probe.ts';

/** Written and hashed in one call each. */
const PIECE_BYTES = 4 * 1024 ** 2;
/** More often than this nobody sees. */
const TELL_EVERY_MS = 100;

export interface WholeFileOptions {
  readonly url: string;
  /** What people see while it comes: "Downloading the model". */
  readonly step: string;
  readonly progress: (progress: Progress) => void;
  /** Where it goes on disk, and the name it is kept under; in memory where null, or where the disk is full. */
  readonly keep: { readonly shelf: Shelf; readonly label: string } | null;
}

/**
 * Takes a file from a server that gives no parts. On disk it costs no memory. Ends the body.
 * @throws FetchError; such a download begins again from the front.
 */
export async function wholeFile(whole: WholeProbe, options: WholeFileOptions): Promise<Blob> {
  const { body, bytes: announced } = whole;
  const blobs: Blob[] = [];
  const hashes: Sha256[] = [];
  const rate = new Rate();
  let done = 0;
  let toldAt = 0;
  let keep = options.keep;
  const take = async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    if (bytes.byteLength === 0) return;
    if (keep) {
      try {
        const hash = await keep.shelf.digest(bytes);
        blobs.push(await keep.shelf.keep(keep.label, hash, bytes));
        hashes.push(hash);
        return;
      } catch (error) {
        if (!(error instanceof StorageFullError)) throw error;
        keep = null;
      }
    }
    blobs.push(new Blob([bytes]));
  };
  try {
    let piece = new Uint8Array(PIECE_BYTES);
    let filled = 0;
    for (let chunk = await body.next(); chunk; chunk = await body.next()) {
      done += chunk.byteLength;
      for (let at = 0; at < chunk.byteLength; ) {
        const part = chunk.subarray(at, at + piece.byteLength - filled);
        piece.set(part, filled);
        filled += part.byteLength;
        at += part.byteLength;
        if (filled < piece.byteLength) continue;
        await take(piece);
        piece = new Uint8Array(PIECE_BYTES);
        filled = 0;
      }
      const now = performance.now();
      if (now - toldAt < TELL_EVERY_MS) continue;
      toldAt = now;
      rate.add(now, done);
      options.progress(progressOf(options.step, done, announced, rate));
    }
    await take(piece.slice(0, filled));
    options.progress(progressOf(options.step, done, done, rate));
  } catch (error) {
    throw error instanceof FetchError ? fromTheFront(error) : error;
  } finally {
    body.end();
  }
  if (keep) await rememberWhole(keep.shelf, options.url, { bytes: done, validator: whole.validator, hashes });
  return new Blob(blobs);
}

function progressOf(step: string, done: number, total: number | null, rate: Rate): Progress {
  if (total === null || total === 0) return { step, fraction: null, bytesDone: done };
  const secondsLeft = rate.secondsLeft(total);
  return {
    step,
    fraction: Math.min(1, done / total),
    bytesDone: done,
    bytesTotal: total,
    ...(secondsLeft === undefined ? {} : { secondsLeft }),
  };
}

function fromTheFront(error: FetchError): FetchError {
  return new FetchError(
    `${messageOf(error)} This server sends whole files only, so the download begins again from the front.`,
    { ...error.data, resumable: false },
    { cause: error },
  );
}
