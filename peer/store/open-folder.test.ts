import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../core/mesh/clock.ts';
import { piece, pieceStoreContract } from '../../core/weights/piece-store-contract.ts';
import { DiskPieceStore } from '../../worker/store/disk-piece-store.ts';
import { MemoryClaims } from '../../worker/store/memory-claims.ts';
import { FolderFiles } from './folder-files.ts';
import { FolderLedger } from './folder-ledger.ts';
import { openFolder } from './open-folder.ts';

const temporary = (): string => mkdtempSync(join(tmpdir(), 'potluck-store-'));

// Pages of one process: a folder is one process's alone.
pieceStoreContract('the store in a folder', async (roomBytes) => {
  const folder = temporary();
  const files = await FolderFiles.open(folder, roomBytes);
  const ledger = await FolderLedger.open(join(folder, 'ledger.json'));
  const claims = new MemoryClaims();
  return {
    openPage: async () => {
      const page = {};
      const estimate = async () => ({ usage: files.usedBytes, quota: roomBytes });
      const store = new DiskPieceStore({
        files,
        ledger,
        claims: claims.of(page),
        estimate,
        clock: systemClock,
      });
      return { store, close: async () => claims.end(page) };
    },
    end: async () => rmSync(folder, { recursive: true }),
  };
});

describe('the folder of a peer', () => {
  const LABEL = { label: 'model' };
  let folder: string;
  beforeEach(() => {
    folder = temporary();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('keeps pieces and documents over visits', async () => {
    const { hash, bytes } = await piece(7, 1000);
    const before = await openFolder(folder);
    await before.store.put(hash, bytes.slice(), LABEL);
    await before.store.remember('address', { known: true });
    before.close();
    const after = await openFolder(folder);
    const found = await after.store.get(hash);
    expect(new Uint8Array((await found?.arrayBuffer()) ?? [])).toEqual(bytes);
    expect(await after.store.recall('address')).toEqual({ known: true });
    after.close();
  });

  test('a second process gets a folder of its own, and leaves the first one alone', async () => {
    const { hash, bytes } = await piece(8, 1000);
    const first = await openFolder(folder);
    await first.store.put(hash, bytes.slice(), LABEL);
    // Whoever started this test is alive, and not this process.
    writeFileSync(join(folder, 'lock'), String(process.ppid));
    const second = await openFolder(folder);
    expect(second.path).not.toBe(folder);
    expect(await second.store.get(hash)).toBeNull();
    second.close();
    expect(readdirSync(join(folder, 'pieces'))).toEqual([hash]);
    expect(readFileSync(join(folder, 'lock'), 'utf8')).toBe(String(process.ppid));
  });

  test('takes over what a process left that died, without the pieces that it did not finish', async () => {
    const whole = await piece(9, 1000);
    const first = await openFolder(folder);
    await first.store.put(whole.hash, whole.bytes.slice(), LABEL);
    const part = await piece(10, 1000);
    writeFileSync(join(folder, 'pieces', part.hash), part.bytes.subarray(0, 500));
    // No process has this number.
    writeFileSync(join(folder, 'lock'), '4194305');
    const next = await openFolder(folder);
    expect(next.path).toBe(folder);
    expect((await next.store.get(whole.hash))?.size).toBe(1000);
    expect(await next.store.get(part.hash)).toBeNull();
    expect(readdirSync(join(folder, 'pieces'))).toEqual([whole.hash]);
    next.close();
  });

  test('a damaged ledger counts as empty', async () => {
    writeFileSync(join(folder, 'ledger.json'), '{"entries": [{"hash": 1}, nul');
    const { store, close } = await openFolder(folder);
    expect(await store.list()).toEqual([]);
    close();
  });
});
