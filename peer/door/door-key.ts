import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, constants, copyFile, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** 256 bits: nobody guesses it, however many tries the door allows. */
const KEY_BYTES = 32;
const FILE = 'api-key';
const PRINTABLE = /^[\x21-\x7e]{1,512}$/;

export interface DoorKey {
  readonly key: string;
  readonly origin: 'environment' | 'kept' | 'made';
  /** Where it is kept; null for one of the environment. */
  readonly path: string | null;
}

/** The key file is not what this peer wrote, or cannot be read or written. */
class DoorKeyError extends Error {
  override readonly name = 'DoorKeyError';
}

/**
 * What a caller must show. One from the environment goes before the one in `folder`, which is made at the first start
 * and which only this user can read. @throws DoorKeyError
 */
export async function doorKey(folder: string, given: string | undefined): Promise<DoorKey> {
  if (given !== undefined && given !== '') {
    if (!PRINTABLE.test(given)) throw new DoorKeyError('POTLUCK_API_KEY may have letters, digits and signs.');
    return { key: given, origin: 'environment', path: null };
  }
  const path = join(folder, FILE);
  await mkdir(folder, { recursive: true });
  const made = `potluck-${randomBytes(KEY_BYTES).toString('base64url')}`;
  try {
    if (!existsSync(path) && (await putNew(path, `${made}\n`))) return { key: made, origin: 'made', path };
  } catch (error) {
    throw unusable(path, error);
  }
  const key = await readFile(path, 'utf8').then(
    (text) => text.trim(),
    (error) => Promise.reject(unusable(path, error)),
  );
  if (!PRINTABLE.test(key)) throw unusable(path);
  // Whatever a copy or a backup made of it.
  await chmod(path, 0o600);
  return { key, origin: 'kept', path };
}

/** Of two peers that start at once, one puts its file there whole and the other reads it. False where there is one. */
async function putNew(path: string, text: string): Promise<boolean> {
  const whole = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    await writeFile(whole, text, { mode: 0o600, flag: 'wx' });
    // Not every file system has hard links.
    await link(whole, path).catch((error) => {
      if (isThere(error)) throw error;
      return copyFile(whole, path, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if (isThere(error)) return false;
    throw error;
  } finally {
    await rm(whole, { force: true });
  }
}

function isThere(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EEXIST';
}

/** Whether these are the same, in a time that does not tell how much of it is. */
export function isSameKey(key: string, shown: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(key), digest(shown));
}

function unusable(path: string, cause?: unknown): DoorKeyError {
  const message = `${path} cannot be used as the key of the door. Remove it to have a new one made.`;
  const error = new DoorKeyError(message);
  if (cause !== undefined) error.cause = cause;
  return error;
}
