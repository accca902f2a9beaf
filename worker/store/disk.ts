import type { Sha256 } from '../../core/ids.ts';
import type { Clock } from '../../core/mesh/clock.ts';
import type { Claims } from './claims.ts';
import type { Ledger } from './ledger.ts';
import type { PieceFiles } from './piece-files.ts';

/** What a piece store on disk stands on; all of it but the clock is shared with the other pages of this browser. */
export interface Disk {
  readonly files: PieceFiles;
  readonly ledger: Ledger;
  readonly claims: Claims;
  /** What the browser says of room for this site. */
  readonly estimate: () => Promise<StorageEstimate>;
  readonly clock: Clock;
}

/** Shared by every page that uses the piece. Who has it alone may take the piece away. */
export function useOf(hash: Sha256): string {
  return `piece/${hash}/use`;
}

/** Had alone, beside a share in the use, by the page that writes the piece or drops it. */
export function workOn(hash: Sha256): string {
  return `piece/${hash}/work`;
}

/** A whole piece: an entry, and a file as long as it says. Null otherwise. */
export async function findPiece(
  { ledger, files }: Pick<Disk, 'ledger' | 'files'>,
  hash: Sha256,
): Promise<Blob | null> {
  const entry = await ledger.find(hash);
  const blob = entry ? await files.read(hash) : null;
  return blob?.size === entry?.bytes ? blob : null;
}

/** The entry goes first: a file without one is nothing. */
export async function removePiece(
  { ledger, files }: Pick<Disk, 'ledger' | 'files'>,
  hash: Sha256,
): Promise<void> {
  await ledger.remove(hash);
  await files.remove(hash);
}

/** How a refusal for want of room is named; the second is Firefox's Cache API, whose exception is no Error. */
const REFUSALS: readonly unknown[] = ['QuotaExceededError', 'NS_ERROR_FILE_NO_DEVICE_SPACE'];

/** True when the browser has no room for what was written. */
export function isQuotaExceeded(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && REFUSALS.includes(error.name);
}
