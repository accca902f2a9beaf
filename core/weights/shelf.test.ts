import { beforeEach, describe, expect, test } from 'vitest';
import { StorageFullError } from '../errors.ts';
import type { Sha256 } from '../ids.ts';
import { subtleDigest } from './digest.ts';
import { MemoryPieceStore, MemoryShelf } from './memory-piece-store.ts';
import { Shelf } from './shelf.ts';

const digest = subtleDigest(crypto.subtle);
const bytes = (digit: number): Uint8Array<ArrayBuffer> => new Uint8Array(100).fill(digit);

let disk: MemoryShelf;
let shelf: Shelf;
beforeEach(() => {
  disk = new MemoryShelf(250);
  shelf = new Shelf(new MemoryPieceStore(disk), digest);
});

async function keep(digit: number): Promise<Sha256> {
  const hash = await digest(bytes(digit));
  await shelf.keep('model', hash, bytes(digit));
  return hash;
}

/** The byte that a blob is full of. */
async function digitOf(blob: Blob | null): Promise<number | undefined> {
  return blob ? new Uint8Array(await blob.arrayBuffer())[0] : undefined;
}

describe('what is kept', () => {
  test('is found again, on the next visit too', async () => {
    const hash = await keep(1);
    expect(await digitOf(await shelf.find(hash))).toBe(1);
    expect(await digitOf(await shelf.peek(hash))).toBe(1);
    const next = new Shelf(new MemoryPieceStore(disk), digest);
    expect(await digitOf(await next.find(hash))).toBe(1);
    expect(await next.find(await digest(bytes(9)))).toBeNull();
  });

  test('is not found once it is damaged or cannot be read, and then forgotten', async () => {
    for (const blob of [new Blob([bytes(2)]), new Blob([bytes(1).subarray(1)]), unreadable()]) {
      const hash = await keep(1);
      const piece = disk.pieces.get(hash);
      if (!piece) throw new Error('not stored');
      disk.pieces.set(hash, { ...piece, blob });
      expect(await shelf.find(hash)).toBeNull();
      expect(disk.pieces.has(hash)).toBe(false);
    }
  });

  test('stays with the caller, who has it still when the store is full', async () => {
    await keep(1);
    await keep(2);
    const store = new MemoryPieceStore(disk);
    store.put = async (_, given) => {
      structuredClone(given, { transfer: [given.buffer] });
      throw new StorageFullError('full', { step: 'store a piece' });
    };
    const third = bytes(3);
    await expect(new Shelf(store, digest).keep('model', await digest(third), third)).rejects.toThrow('full');
    expect(third).toEqual(bytes(3));
  });

  test('is checked to be there: a store that loses it is one that is full', async () => {
    const store = new MemoryPieceStore(disk);
    store.get = async () => null;
    const hash = await digest(bytes(1));
    await expect(new Shelf(store, digest).keep('model', hash, bytes(1))).rejects.toMatchObject({
      name: 'StorageFullError',
      data: { expected: '100 bytes', actual: 'nothing' },
    });
  });
});

describe('what is laid out', () => {
  test('is there until its owner takes it away, but for what is spared', async () => {
    const [one, two] = [await digest(bytes(1)), await digest(bytes(2))];
    shelf.lay('ann', one, new Blob([bytes(1)]));
    shelf.lay('ann', two, new Blob([bytes(2)]));
    shelf.clear('bob');
    expect(await digitOf(await shelf.find(one))).toBe(1);
    shelf.clear('ann', new Set([two]));
    expect(await shelf.find(one)).toBeNull();
    expect(await shelf.peek(one)).toBeNull();
    expect(await digitOf(await shelf.peek(two))).toBe(2);
    expect(disk.pieces.size).toBe(0);
  });

  test('stays as long as one of several owners needs it', async () => {
    const hash = await digest(bytes(1));
    shelf.lay('ann', hash, new Blob([bytes(1)]));
    shelf.lay('bob', hash, new Blob([bytes(1)]));
    shelf.clear('bob');
    expect(await digitOf(await shelf.find(hash))).toBe(1);
    shelf.clear('ann');
    expect(await shelf.find(hash)).toBeNull();
  });
});

function unreadable(): Blob {
  const blob = new Blob([bytes(1)]);
  blob.arrayBuffer = () => Promise.reject(new DOMException('gone', 'NotReadableError'));
  return blob;
}
