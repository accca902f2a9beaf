import type { Sha256 } from '../ids.ts';

/** SHA-256 of some bytes. */
export type Digest = (bytes: Uint8Array<ArrayBuffer>) => Promise<Sha256>;

/** A digest by the platform's SubtleCrypto, which hashes outside this thread. */
export function subtleDigest(subtle: Pick<SubtleCrypto, 'digest'>): Digest {
  return async (bytes) => {
    const hash = new Uint8Array(await subtle.digest('SHA-256', bytes));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('') as Sha256;
  };
}
