import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../core/mesh/clock.ts';
import type { PieceStore } from '../../core/weights/piece-store.ts';
import { DiskPieceStore } from '../../worker/store/disk-piece-store.ts';
import { MemoryClaims } from '../../worker/store/memory-claims.ts';
import { sweep } from '../../worker/store/sweep.ts';
import { FolderFiles } from './folder-files.ts';
import { FolderLedger } from './folder-ledger.ts';
import { takeFolder } from './folder-lock.ts';

export interface OpenFolder {
  readonly store: PieceStore;
  /** Where it is; a second process on this computer gets a folder of its own, which goes with it. */
  readonly path: string;
  /** Gives the folder back; at once, as a process that ends needs it. */
  close(): void;
}

/** Opens the pieces that this computer keeps over visits. @throws when the folder cannot be written. */
export async function openFolder(wanted: string, roomBytes?: number): Promise<OpenFolder> {
  await mkdir(wanted, { recursive: true });
  const lock = join(wanted, 'lock');
  const isOurs = await takeFolder(lock);
  const path = isOurs ? wanted : mkdtempSync(join(tmpdir(), 'potluck-peer-'));
  const files = await FolderFiles.open(join(path, 'pieces'), roomBytes);
  const disk = {
    files,
    ledger: await FolderLedger.open(join(path, 'ledger.json')),
    // All in this process: nobody else has the folder.
    claims: new MemoryClaims().of({}),
    estimate: async () => ({
      usage: files.usedBytes,
      ...(files.roomBytes !== null && { quota: files.roomBytes }),
    }),
    clock: systemClock,
  };
  await sweep(disk);
  const close = (): void => {
    if (isOurs) rmSync(lock, { force: true });
    else rmSync(path, { recursive: true, force: true });
  };
  return { store: new DiskPieceStore(disk), path, close };
}
