import { describe, expect, test } from 'vitest';
import type { Clock } from '../../core/mesh/clock.ts';
import { piece, pieceStoreContract } from '../../core/weights/piece-store-contract.ts';
import { DiskPieceStore } from './disk-piece-store.ts';
import { MemoryDisk } from './memory-disk.ts';
import type { PieceFiles } from './piece-files.ts';
import { sweep } from './sweep.ts';

pieceStoreContract('the store on a disk', async (roomBytes) => {
  const browser = new MemoryDisk(roomBytes);
  return {
    openPage: async () => {
      const { disk, close } = browser.openPage();
      return { store: new DiskPieceStore(disk), close: async () => close() };
    },
    end: async () => undefined,
  };
});

const LABEL = { label: 'model' };
const [old, late] = await Promise.all([piece(1, 1000), piece(2, 1000)]);

/** Puts `late` in a page that dies at the step with this number; answers the step's name, or null when it lived. */
async function dieWhilePutting(browser: MemoryDisk, at: number): Promise<string | null> {
  let steps = 0;
  return new Promise((resolve, reject) => {
    const { disk } = browser.openPage((name) => {
      if (steps++ !== at) return false;
      resolve(name);
      return true;
    });
    new DiskPieceStore(disk).put(late.hash, late.bytes, LABEL).then(() => resolve(null), reject);
  });
}

describe('a store on a disk', () => {
  test('a page that dies at any step of a put leaves the whole piece or nothing, and no bytes for ever', async () => {
    const died: string[] = [];
    for (let at = 0; ; at++) {
      // Room for one and a half: the put has to evict as well.
      const browser = new MemoryDisk(1500);
      const before = browser.openPage();
      await new DiskPieceStore(before.disk).put(old.hash, old.bytes, LABEL);
      before.close();
      const step = await dieWhilePutting(browser, at);
      const { disk } = browser.openPage();
      await sweep(disk);
      const store = new DiskPieceStore(disk);
      const found = await store.get(late.hash);
      if (step === null) {
        expect(found?.size).toBe(1000);
        break;
      }
      died.push(step);
      expect(found, `died before: ${step}`).toBeNull();
      expect([...browser.files.keys()], `died before: ${step}`).toEqual([...browser.entries.keys()]);
      await store.put(late.hash, late.bytes, LABEL);
      expect((await store.get(late.hash))?.size).toBe(1000);
    }
    expect(died).toEqual(
      expect.arrayContaining(['write more', 'enter', 'remove the entry', 'read the ledger']),
    );
  });

  test('sweeping spares what another page is just writing', async () => {
    const browser = new MemoryDisk(5000);
    const { disk } = browser.openPage();
    let goOn = (): void => undefined;
    const swept = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const write: PieceFiles['write'] = (hash, bytes) => disk.files.write(hash, bytes).then(() => swept);
    const store = new DiskPieceStore({ ...disk, files: { ...disk.files, write } });
    const putting = store.put(late.hash, late.bytes, LABEL);
    await expect.poll(() => browser.files.get(late.hash)?.size).toBe(1000);
    await sweep(browser.openPage().disk);
    goOn();
    await putting;
    expect((await store.get(late.hash))?.size).toBe(1000);
  });

  test('a piece whose file was cut short or taken away is not there, and can be put again', async () => {
    const browser = new MemoryDisk(5000);
    const store = new DiskPieceStore(browser.openPage().disk);
    await store.put(old.hash, old.bytes, LABEL);
    browser.files.set(old.hash, new Blob([old.bytes.subarray(1)]));
    expect(await store.get(old.hash)).toBeNull();
    await store.put(old.hash, old.bytes, LABEL);
    expect((await store.get(old.hash))?.size).toBe(1000);
    browser.files.delete(old.hash);
    expect(await store.get(old.hash)).toBeNull();
  });

  test('sweeping takes the entries of files that are gone', async () => {
    const browser = new MemoryDisk(5000);
    const { disk, close } = browser.openPage();
    for (const { hash, bytes } of [old, late]) await new DiskPieceStore(disk).put(hash, bytes, LABEL);
    close();
    browser.files.delete(old.hash);
    await sweep(browser.openPage().disk);
    expect([...browser.entries.keys()]).toEqual([late.hash]);
  });

  test('of two pages that put the same piece at once, one writes', async () => {
    const browser = new MemoryDisk(5000);
    const steps: string[] = [];
    const noted = (step: string): boolean => steps.push(step) === 0;
    const stores = [0, 1].map(() => new DiskPieceStore(browser.openPage(noted).disk));
    await Promise.all(stores.map((store) => store.put(late.hash, late.bytes, LABEL)));
    expect(steps.filter((step) => step === 'begin to write')).toHaveLength(1);
  });

  test('uses are noted together, a while after the first', async () => {
    const browser = new MemoryDisk(5000);
    const steps: string[] = [];
    const timers: (() => void)[] = [];
    const { disk } = browser.openPage((step) => steps.push(step) === 0);
    const clock: Clock = { ...disk.clock, setTimeout: (run) => timers.push(run) };
    const store = new DiskPieceStore({ ...disk, clock });
    for (const { hash, bytes } of [old, late]) await store.put(hash, bytes, LABEL);
    const putAt = browser.entries.get(old.hash)?.usedAt ?? 0;
    for (let i = 0; i < 10; i++) for (const { hash } of [old, late]) await store.get(hash);
    expect(timers).toHaveLength(1);
    expect(steps).not.toContain('touch');
    timers[0]?.();
    await expect.poll(() => browser.entries.get(old.hash)?.usedAt ?? 0).toBeGreaterThan(putAt);
    expect(steps.filter((step) => step === 'touch')).toHaveLength(1);
  });
});
