import { FetchError } from '../../../core/errors.ts';
import { fileAddress } from './address.ts';
import { recallWhole, wholeBlob } from './kept-whole.ts';
import { wholeProbe } from './probe.ts';
import { stillThere } from './still-there.ts';
import { type WholeFileOptions, wholeFile } from './whole-file.ts';

/** The largest tokenisers in use take 35 MB. */
const MOST_BYTES = 64e6;
const STEP = 'fetch what belongs to the model';
const NOT_THERE: ReadonlySet<unknown> = new Set([404, 410]);

export interface BesideOptions {
  readonly signal: AbortSignal;
  /** Where it is kept for the next visit; null leaves that to the browser's own cache. */
  readonly keep?: WholeFileOptions['keep'];
  readonly cache?: 'default';
}

/**
 * A small file of a model: in its folder or, as hubs have it for a model in "onnx/", in the one above. Null where there
 * is none. @throws FetchError, or the signal's reason.
 */
export async function besideModel(model: string, name: string, options: BesideOptions): Promise<Blob | null> {
  const folders = [model, new URL('.', model).href.replace(/\/$/, '')];
  for (const base of folders) {
    const found = await fileAt(fileAddress(base, name), options);
    if (found) return found;
  }
  return null;
}

async function fileAt(url: string, { signal, keep = null, cache }: BesideOptions): Promise<Blob | null> {
  const kept = keep && (await recallWhole(keep.shelf, url));
  try {
    if (keep && kept && (await stillThere(url, { name: '', ...kept }, signal)) !== 'changed') {
      const blob = await wholeBlob(keep.shelf, kept);
      if (blob) return blob;
    }
    const answer = await wholeProbe(url, { step: STEP, signal, ...(cache && { cache }) });
    // Servers of single pages answer with their page for whatever they do not have.
    if (answer.body.response.headers.get('content-type')?.startsWith('text/html')) {
      answer.body.end();
      return null;
    }
    if ((answer.bytes ?? 0) > MOST_BYTES) {
      answer.body.end();
      const data = { step: STEP, expected: `at most ${MOST_BYTES} bytes`, actual: `${answer.bytes} bytes` };
      throw new FetchError(`${url} is too large to be what belongs to a model.`, data);
    }
    return await wholeFile(answer, { url, step: STEP, progress: () => undefined, keep });
  } catch (error) {
    if (error instanceof FetchError && NOT_THERE.has(error.data.status)) return null;
    throw error;
  }
}
