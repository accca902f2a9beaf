import { StorageFullError } from '../../core/errors.ts';
import { type Disk, removePiece, useOf } from './disk.ts';

const MB = 1e6;

/**
 * Takes away pieces that no open page uses, the one used longest ago first, until `bytes` are freed or none is left.
 * Called when a write was refused: what browsers say of their quota is no help (Chromium 156 always claims that
 * 10 GiB are free).
 * @throws StorageFullError when nothing could be freed.
 */
export async function makeRoom({ ledger, files, claims }: Disk, bytes: number): Promise<void> {
  const [entries, taken] = await Promise.all([ledger.all(), claims.taken()]);
  const idle = entries.filter(({ hash }) => !taken.has(useOf(hash))).sort((a, b) => a.usedAt - b.usedAt);
  let freed = 0;
  for (const { hash, bytes: size } of idle) {
    if (freed >= bytes) return;
    if (await claims.aloneIfFree(useOf(hash), () => removePiece({ ledger, files }, hash))) freed += size;
  }
  if (freed > 0) return;
  const used = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  throw new StorageFullError(
    `This browser has no room for ${(bytes / MB).toFixed(1)} MB more of the model: all ` +
      `${(used / MB).toFixed(1)} MB stored here are in use. Free some space on this device, close other tabs of ` +
      'this page, or let this device take fewer layers.',
    {
      step: 'store a piece',
      expected: `room for ${bytes} bytes`,
      actual: `refused beside ${used} bytes, all of them in use`,
    },
  );
}
