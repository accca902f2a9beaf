import { beforeEach, expect, test } from 'vitest';
import type { Sha256 } from '../ids.ts';
import type { OriginCard } from '../protocol/origin-card.ts';
import { forgetManifest, type PlaceAtOrigin, recallManifest, rememberManifest } from './manifest.ts';
import { MemoryPieceStore } from './memory-piece-store.ts';

const card: OriginCard = {
  url: 'https://hub.test/model.onnx',
  files: [
    { name: '', bytes: 100, validator: '"1"' },
    { name: 'model.onnx_data', bytes: 1000, validator: null },
  ],
};
const place = (offset: number, length = 10, file = 0): PlaceAtOrigin => ({ file, offset, length });
const hash = (digit: string): Sha256 => digit.repeat(64) as Sha256;

let store: MemoryPieceStore;
beforeEach(() => {
  store = new MemoryPieceStore();
});

test('what one visit learns the next one knows, place by place', async () => {
  await rememberManifest(store, card, [[place(0), hash('a')]]);
  await rememberManifest(store, card, [[place(10), hash('b')]]);
  const known = await recallManifest(store, card);
  expect(known.hashOf(place(0))).toBe(hash('a'));
  expect(known.hashOf(place(10))).toBe(hash('b'));
  for (const other of [place(20), place(0, 11), place(0, 10, 1)]) expect(known.hashOf(other)).toBeNull();
});

test('another version of the files, or another address, is another model', async () => {
  await rememberManifest(store, card, [[place(0), hash('a')]]);
  const others: OriginCard[] = [
    { ...card, url: `${card.url}?v=2` },
    { ...card, files: card.files.map((file) => ({ ...file, validator: '"2"' })) },
    { ...card, files: card.files.map((file) => ({ ...file, bytes: file.bytes + 1 })) },
    { ...card, files: card.files.slice(0, 1) },
  ];
  for (const other of others) expect((await recallManifest(store, other)).hashOf(place(0))).toBeNull();
});

test('a hash that was seen to be another is the new one; all can be forgotten', async () => {
  await rememberManifest(store, card, [[place(0), hash('a')]]);
  await rememberManifest(store, card, [[place(0), hash('b')]]);
  expect((await recallManifest(store, card)).hashOf(place(0))).toBe(hash('b'));
  await forgetManifest(store, card);
  expect((await recallManifest(store, card)).hashOf(place(0))).toBeNull();
});

test('two pages that write at the same moment both leave what they know', async () => {
  await Promise.all([0, 10, 20].map((offset) => rememberManifest(store, card, [[place(offset), hash('c')]])));
  const known = await recallManifest(store, card);
  for (const offset of [0, 10, 20]) expect(known.hashOf(place(offset)), `${offset}`).toBe(hash('c'));
});

test('a store that keeps nothing is asked a few times, not for ever', async () => {
  let writes = 0;
  store.remember = async () => {
    writes += 1;
  };
  await rememberManifest(store, card, [[place(0), hash('a')]]);
  expect(writes).toBe(3);
});

test('foreign documents under its name are read as far as they make sense', async () => {
  const keys: string[] = [];
  const recall = store.recall.bind(store);
  store.recall = (key) => {
    keys.push(key);
    return recall(key);
  };
  await recallManifest(store, card);
  const [key = ''] = keys;
  for (const document of [null, 7, 'text', [hash('a')], { '0:0+10': 'no hash', '0:10+10': 5 }]) {
    await store.remember(key, document);
    const known = await recallManifest(store, card);
    expect([known.hashOf(place(0)), known.hashOf(place(10))]).toEqual([null, null]);
  }
  await store.remember(key, { '0:0+10': hash('A').toLowerCase(), constructor: hash('b') });
  expect((await recallManifest(store, card)).hashOf(place(0))).toBe(hash('a'));
});
