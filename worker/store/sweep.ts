import type { Sha256 } from '../../core/ids.ts';
import { type Disk, findPiece, removePiece, useOf } from './disk.ts';

/** Removes what pages left that died at work: files without an entry, and entries without their file. */
export async function sweep(disk: Disk): Promise<void> {
  const named = new Set(await disk.files.list());
  const entered = new Set((await disk.ledger.all()).map(({ hash }) => hash));
  const odd = (some: Set<Sha256>, others: Set<Sha256>): Sha256[] =>
    [...some].filter((hash) => !others.has(hash));
  for (const hash of [...odd(named, entered), ...odd(entered, named)]) {
    // A page that is writing has a share in the use; and it may have finished by now.
    await disk.claims.aloneIfFree(useOf(hash), async () => {
      if (!(await findPiece(disk, hash))) await removePiece(disk, hash);
    });
  }
}
