import { isSha256, type Sha256 } from '../../core/ids.ts';
import type { PieceFiles } from './piece-files.ts';

/**
 * Pieces in the origin private file system. Sync access handles, because Safari had no other way to write before
 * version 26; they exist in dedicated workers only. A browser that has none, or refuses it, rejects the first use.
 */
export function opfsFiles(storage: StorageManager, folder = 'pieces'): PieceFiles {
  /** Asked each time: the person may have cleared the site's data, which ends older handles. */
  const pieces = async (): Promise<FileSystemDirectoryHandle> =>
    (await storage.getDirectory()).getDirectoryHandle(folder, { create: true });

  return {
    write: async (hash, bytes) => {
      const handle = await (await pieces()).getFileHandle(hash, { create: true });
      const access = await handle.createSyncAccessHandle();
      try {
        // What an earlier, longer attempt may have left. Older Safari gave promises here.
        await access.truncate(0);
        const written = await access.write(bytes, { at: 0 });
        if (written !== bytes.byteLength) {
          throw new DOMException(`${written} of ${bytes.byteLength} bytes fitted`, 'QuotaExceededError');
        }
      } finally {
        await access.close();
      }
    },
    read: async (hash) => {
      try {
        return await (await (await pieces()).getFileHandle(hash)).getFile();
      } catch (error) {
        if (isNotFound(error)) return null;
        throw error;
      }
    },
    remove: async (hash) => {
      try {
        await (await pieces()).removeEntry(hash);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
    list: async () => {
      const found: Sha256[] = [];
      for await (const name of (await pieces()).keys()) if (isSha256(name)) found.push(name);
      return found;
    },
  };
}

function isNotFound(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'NotFoundError';
}
