import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Sha256 } from '../ids.ts';
import { subtleDigest } from './digest.ts';
import type { PieceStore } from './piece-store.ts';

/** A browser on a device: its pages share what is stored. */
export interface StoreCase {
  /** Opens another page of this browser. */
  openPage(): Promise<StorePage>;
  /** Throws all of it away. */
  end(): Promise<void>;
}

export interface StorePage {
  readonly store: PieceStore;
  /** Closes the page, so that it uses nothing any more. */
  close(): Promise<void>;
}

/** Large beside what a browser adds for its own books, so that a room of N pieces holds N of them. */
const PIECE_BYTES = 1024 * 1024;

const digest = subtleDigest(crypto.subtle);

/** Bytes told by their number, under their true name. */
export async function piece(
  seed: number,
  length: number = PIECE_BYTES,
): Promise<{ readonly hash: Sha256; readonly bytes: Uint8Array<ArrayBuffer> }> {
  const bytes = new Uint8Array(length);
  // A linear congruential generator (Numerical Recipes): Firefox compresses what it caches, and this stays as it is.
  let state = seed + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return { hash: await digest(bytes), bytes };
}

const PIECES = await Promise.all([0, 1, 2, 3, 4, 5].map((seed) => piece(seed)));

function at(index: number): (typeof PIECES)[number] {
  const found = PIECES[index];
  if (!found) throw new RangeError(`there is no piece ${index}`);
  return found;
}

const hashOf = (index: number): Sha256 => at(index).hash;

/** Puts a copy of piece `index`: the store owns what it is given. */
async function put(store: PieceStore, index: number, label = `model ${index}`): Promise<void> {
  const { hash, bytes } = at(index);
  await store.put(hash, bytes.slice(), { label });
}

/** The numbers of the pieces that are stored, asked of a page that is closed again. */
async function stored(device: StoreCase): Promise<number[]> {
  const page = await device.openPage();
  const blobs = await Promise.all(PIECES.map(({ hash }) => page.store.get(hash)));
  await page.close();
  return blobs.flatMap((blob, index) => (blob ? [index] : []));
}

/** The true name of what came back. */
async function digestOf(blob: Blob | null): Promise<Sha256 | null> {
  return blob && digest(new Uint8Array(await blob.arrayBuffer()));
}

/**
 * What every PieceStore promises. `make` gives a browser with nothing stored and room for `roomBytes`, a little
 * more than the pieces it is to hold.
 */
export function pieceStoreContract(name: string, make: (roomBytes: number) => Promise<StoreCase>): void {
  describe(`${name} keeps the contract of piece stores`, () => {
    let device: StoreCase;
    let page: StorePage;
    let store: PieceStore;

    beforeEach(async () => {
      device = await make(4.6 * PIECE_BYTES);
      page = await device.openPage();
      store = page.store;
    });
    afterEach(() => device.end());

    test('gives back the bytes that were put, and null for others', async () => {
      expect(await store.get(hashOf(0))).toBeNull();
      await put(store, 0);
      const empty = await piece(0, 0);
      await store.put(empty.hash, empty.bytes, { label: 'model 0' });
      expect(await digestOf(await store.get(hashOf(0)))).toBe(hashOf(0));
      expect((await store.get(empty.hash))?.size).toBe(0);
      expect(await store.get(hashOf(1))).toBeNull();
    });

    test('another page of the same browser finds the pieces', async () => {
      await put(store, 0);
      const other = await device.openPage();
      expect(await digestOf(await other.store.get(hashOf(0)))).toBe(hashOf(0));
      await page.close();
      const later = await device.openPage();
      expect(await digestOf(await later.store.get(hashOf(0)))).toBe(hashOf(0));
    });

    test('putting what is here changes nothing, also from two pages at once', async () => {
      const other = await device.openPage();
      await Promise.all([put(store, 0, 'same'), put(other.store, 0, 'same'), put(store, 0, 'same')]);
      await put(store, 0, 'another label');
      expect(await store.list()).toMatchObject([{ label: 'same', pieces: 1, bytes: PIECE_BYTES }]);
      expect(await digestOf(await other.store.get(hashOf(0)))).toBe(hashOf(0));
    });

    test('a piece that was dropped is gone, and can be put again', async () => {
      await put(store, 0, 'whole');
      await put(store, 1, 'whole');
      await store.drop(hashOf(0));
      await store.drop(hashOf(5));
      expect(await store.get(hashOf(0))).toBeNull();
      expect(await store.list()).toMatchObject([{ label: 'whole', pieces: 1 }]);
      await put(store, 0, 'whole');
      expect(await digestOf(await store.get(hashOf(0)))).toBe(hashOf(0));
    });

    test('lists the pieces of each label together, the last used first', async () => {
      await put(store, 0, 'Grüße/../日本語 "ok"');
      await put(store, 1, 'two');
      await put(store, 2, 'two');
      expect(await store.list()).toMatchObject([
        { label: 'two', pieces: 2, bytes: 2 * PIECE_BYTES },
        { label: 'Grüße/../日本語 "ok"', pieces: 1, bytes: PIECE_BYTES },
      ]);
      await store.get(hashOf(0));
      const [first, second] = await store.list();
      expect(first?.label).toMatch(/日本語/);
      expect(first?.usedAt).toBeGreaterThanOrEqual(second?.usedAt ?? Number.POSITIVE_INFINITY);
      expect(Math.abs((first?.usedAt ?? 0) - Date.now())).toBeLessThan(60_000);
    });

    test('clears one label, or everything with the documents', async () => {
      await put(store, 0, 'one');
      await put(store, 1, 'two');
      await put(store, 2, 'two');
      await store.remember('where', 'here');
      await store.clear('two');
      expect(await store.list()).toMatchObject([{ label: 'one' }]);
      expect(await store.recall('where')).toBe('here');
      await store.clear();
      expect(await store.list()).toEqual([]);
      expect(await store.recall('where')).toBeNull();
      expect(await stored(device)).toEqual([]);
    });

    test('tells how much is used, and how much there may be', async () => {
      const before = await store.usage();
      await put(store, 0);
      await put(store, 1);
      const { usedBytes, quotaBytes } = await store.usage();
      expect(usedBytes - before.usedBytes).toBeGreaterThanOrEqual(2 * PIECE_BYTES);
      expect(usedBytes - before.usedBytes).toBeLessThan(2.5 * PIECE_BYTES);
      expect(quotaBytes).toBeGreaterThanOrEqual(4.5 * PIECE_BYTES);
    });

    test('the piece used longest ago goes first, one at a time', async () => {
      for (const index of [0, 1, 2, 3]) await put(store, index);
      await page.close();
      const second = await device.openPage();
      await second.store.get(hashOf(0));
      await second.store.list();
      await second.close();
      const third = await device.openPage();
      await put(third.store, 4);
      expect(await stored(device)).toEqual([0, 2, 3, 4]);
    });

    test('what this page got stays, also when others were used later', async () => {
      for (const index of [0, 1, 2, 3]) await put(store, index);
      await page.close();
      const next = await device.openPage();
      const blob = await next.store.get(hashOf(0));
      await next.store.list();
      const other = await device.openPage();
      for (const index of [3, 2, 1]) await other.store.get(hashOf(index));
      await other.store.list();
      await other.close();
      for (const index of [4, 5]) await put(next.store, index);
      expect(await digestOf(blob)).toBe(hashOf(0));
      expect(await stored(device)).toEqual([0, 1, 4, 5]);
    });

    test('what this page gave up may go, and what it asked for since stays', async () => {
      for (const index of [0, 1, 2, 3]) await put(store, index);
      await store.release();
      await store.get(hashOf(0));
      await store.list();
      for (const index of [4, 5]) await put(store, index);
      expect(await stored(device)).toEqual([0, 3, 4, 5]);
    });

    test('what another open page put stays, also when others were put later', async () => {
      const other = await device.openPage();
      for (const index of [0, 1]) await put(other.store, index);
      for (const index of [2, 3]) await put(store, index);
      await page.close();
      const third = await device.openPage();
      for (const index of [4, 5]) await put(third.store, index);
      expect(await stored(device)).toEqual([0, 1, 4, 5]);
    });

    test('says that it is full when nothing may go, keeps what it has, and takes more after a drop', async () => {
      for (const index of [0, 1, 2, 3]) await put(store, index);
      const { step, expected, actual } = await put(store, 4).then(
        () => ({ step: 'it fitted', expected: '', actual: '' }),
        (error) => {
          expect(error.name).toBe('StorageFullError');
          return error.data;
        },
      );
      expect(step).toBe('store a piece');
      expect(expected).toMatch(/1048576 bytes/);
      expect(actual).toMatch(/\d+ bytes/);
      for (const index of [0, 1, 2, 3]) {
        expect(await digestOf(await store.get(hashOf(index)))).toBe(hashOf(index));
      }
      expect(await store.get(hashOf(4))).toBeNull();
      await store.drop(hashOf(1));
      await put(store, 4);
      expect(await stored(device)).toEqual([0, 2, 3, 4]);
    });

    test('a piece larger than all the room is refused, and others are taken as before', async () => {
      const huge = await piece(9, 6 * PIECE_BYTES);
      await expect(store.put(huge.hash, huge.bytes, { label: 'huge' })).rejects.toMatchObject({
        name: 'StorageFullError',
      });
      expect(await store.get(huge.hash)).toBeNull();
      for (const index of [0, 1, 2, 3]) await put(store, index);
      expect(await stored(device)).toEqual([0, 1, 2, 3]);
    });

    test('remembers documents for later pages, the last one under each key', async () => {
      const key = `https://example.test/${'long/'.repeat(2000)}`;
      const document = { etag: '"a"', sizes: [1, 2.5, null], nested: { yes: true, text: 'ü' } };
      expect(await store.recall(key)).toBeNull();
      await store.remember(key, { old: true });
      await store.remember(key, document);
      await page.close();
      const next = await device.openPage();
      expect(await next.store.recall(key)).toEqual(document);
      expect(await next.store.recall(`${key}x`)).toBeNull();
      await next.store.remember(key, 'x'.repeat(4 * 1024 * 1024 + 1));
      expect(await next.store.recall(key)).toEqual(document);
    });
  });
}
