import { StorageFullError } from '../../core/errors.ts';
import { type Disk, removePiece, useOf } from './disk.ts';

const MB = 1e6;

/**
 * Takes away pieces that no open page uses, the one used longest ago first, until `bytes` are freed.
 * @throws StorageFullError, with nothing taken away, when that would not be enough.
 */
export async function makeRoom(disk: Disk, bytes: number): Promise<void> {
  const [entries, taken, { usage, quota }] = await Promise.all([
    disk.ledger.all(),
    disk.claims.taken(),
    disk.estimate(),
  ]);
  const idle = entries.filter(({ hash }) => !taken.has(useOf(hash))).sort((a, b) => a.usedAt - b.usedAt);
  const idleBytes = idle.reduce((sum, entry) => sum + entry.bytes, 0);
  // The browser may refuse although it says that there is room: the disk itself is full.
  const freeBytes = Math.max(0, (quota ?? 0) - (usage ?? 0));
  const most = freeBytes + idleBytes;
  let freed = 0;
  if (bytes <= most) {
    for (const { hash, bytes: size } of idle) {
      if (freed >= bytes) break;
      if (await disk.claims.aloneIfFree(useOf(hash), () => removePiece(disk, hash))) freed += size;
    }
  }
  if (freed > 0) return;
  throw new StorageFullError(
    `This browser has no room for ${(bytes / MB).toFixed(1)} MB more of the model. ` +
      'Free some space on this device, clear stored models, or let this device take fewer layers.',
    {
      step: 'store a piece',
      expected: `${bytes} bytes free`,
      actual: `${freeBytes} bytes free, ${idleBytes} more in pieces that nobody uses`,
    },
  );
}
