import { isSha256, type Sha256 } from '../../../core/ids.ts';
import type { Shelf } from '../../../core/weights/shelf.ts';

/** A file that an earlier visit took whole. */
export interface KeptWhole {
  readonly bytes: number;
  readonly validator: string | null;
  readonly hashes: readonly Sha256[];
}

/** What an earlier visit took from an address, without a look at its bytes; null when it took nothing. */
export async function recallWhole(shelf: Shelf, url: string): Promise<KeptWhole | null> {
  const { bytes, validator, hashes } = ((await shelf.store.recall(keyOf(url))) ?? {}) as Partial<
    Record<keyof KeptWhole, unknown>
  >;
  if (typeof bytes !== 'number' || !Array.isArray(hashes)) return null;
  if (validator !== null && typeof validator !== 'string') return null;
  const read = hashes.filter((hash): hash is Sha256 => typeof hash === 'string' && isSha256(hash));
  return read.length === hashes.length ? { bytes, validator, hashes: read } : null;
}

/** The bytes of such a file, verified; null when a part was evicted or is damaged. */
export async function wholeBlob(shelf: Shelf, { bytes, hashes }: KeptWhole): Promise<Blob | null> {
  const blobs: Blob[] = [];
  for (const hash of hashes) {
    const blob = await shelf.find(hash);
    if (!blob) return null;
    blobs.push(blob);
  }
  const whole = new Blob(blobs);
  return whole.size === bytes ? whole : null;
}

/** Notes which pieces make up a file. */
export function rememberWhole(shelf: Shelf, url: string, kept: KeptWhole): Promise<void> {
  return shelf.store.remember(keyOf(url), kept);
}

function keyOf(url: string): string {
  return `whole:${url}`;
}
