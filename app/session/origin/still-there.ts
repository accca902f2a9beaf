import { FetchError } from '../../../core/errors.ts';
import type { OriginFile } from '../../../core/weights/origin.ts';
import { type FileHead, headOf } from './head.ts';
import { probeOrigin } from './probe.ts';
import { isSameVersion } from './version.ts';

/** Whoever has a file already does not wait long to hear whether there is a newer one. */
const PATIENCE_MS = 8000;

const STEP = 'ask whether the model has changed';

/**
 * Whether a file is still what it was on an earlier visit; moves no byte of it. `unknown`: nobody answers, or the
 * server has trouble. @throws FetchError when it refuses, or the signal's reason.
 */
export async function stillThere(
  url: string,
  file: OriginFile,
  signal: AbortSignal,
): Promise<'same' | 'changed' | 'unknown'> {
  try {
    const now = await look(url, signal);
    return (now.bytes ?? file.bytes) === file.bytes && isSameVersion(file.validator, now.validator)
      ? 'same'
      : 'changed';
  } catch (error) {
    if (error instanceof FetchError && error.data.retry === true && !signal.aborted) return 'unknown';
    throw error;
  }
}

async function look(url: string, signal: AbortSignal): Promise<FileHead> {
  const options = { step: STEP, signal, stallMs: PATIENCE_MS };
  try {
    return await headOf(url, options);
  } catch (error) {
    if (!(error instanceof FetchError) || error.data.retry === true) throw error;
    // Signed addresses often allow GET only: one byte tells the same.
    const probe = await probeOrigin(url, { ...options, frontBytes: 1 });
    if (probe.kind === 'whole') probe.body.end();
    return probe;
  }
}
