import { expect, test } from 'vitest';
import type { PeerId, Sha256 } from '../ids.ts';
import { subtleDigest } from './digest.ts';
import type { PieceExchange } from './exchange.ts';
import { fetchFile } from './file-pieces.ts';
import { MemoryPieceStore } from './memory-piece-store.ts';
import { Shelf } from './shelf.ts';

const digest = subtleDigest(crypto.subtle);
const OWNER = 'a'.repeat(16) as PeerId;
const FILE = new Uint8Array([1, 2, 3]);
const DAMAGED = new Uint8Array([1, 2, 7]);

/** Fetches a file of one piece, which arrives like this. */
async function fetched(...arrivals: Uint8Array<ArrayBuffer>[]): Promise<Uint8Array> {
  const hash: Sha256 = await digest(FILE);
  const exchange = {
    ask: async () => ({ kind: 'bytes', bytes: arrivals.shift() ?? new Uint8Array() }),
  } as unknown as PieceExchange;
  const shelf = new Shelf(new MemoryPieceStore(), digest);
  const { signal } = new AbortController();
  const pieces = [{ hash, length: FILE.byteLength }];
  const blob = await fetchFile(pieces, { shelf, exchange, owners: [OWNER], label: 'A model', signal });
  return new Uint8Array(await blob.arrayBuffer());
}

test('a piece of a file that arrived damaged is asked for again', async () => {
  expect(await fetched(DAMAGED, DAMAGED, FILE)).toEqual(FILE);
});

test('whoever sends damaged pieces each time is not asked for ever', async () => {
  await expect(fetched(DAMAGED, DAMAGED, DAMAGED, FILE)).rejects.toThrow('arrived damaged');
});
