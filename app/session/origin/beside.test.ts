import { afterEach, beforeEach, expect, it } from 'vitest';
import { subtleDigest } from '../../../core/weights/digest.ts';
import { MemoryPieceStore } from '../../../core/weights/memory-piece-store.ts';
import { Shelf } from '../../../core/weights/shelf.ts';
import { serveFiles } from '../../../e2e/file-server.ts';
import { type Mirror, startMirror } from '../../../e2e/mirror/mirror.ts';
import { besideModel } from './beside.ts';

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const ABOVE = '/owner/model/resolve/main/tokenizer.json';
const { signal } = new AbortController();

let mirror: Mirror;
let keep: { shelf: Shelf; label: string };
beforeEach(async () => {
  mirror = await startMirror({
    files: {
      '/owner/model/resolve/main/onnx/model.onnx': bytes('a model'),
      [ABOVE]: bytes('{"above":1}'),
      '/plain/model.onnx': bytes('a model'),
      '/plain/config.json': bytes('{"beside":1}'),
    },
  });
  keep = { shelf: new Shelf(new MemoryPieceStore(), subtleDigest(crypto.subtle)), label: 'a model' };
});
afterEach(() => mirror.close());

const found = async (model: string, name: string): Promise<string | null> =>
  (await besideModel(mirror.at(model), name, { signal, keep }))?.text() ?? null;

it('finds what lies beside a model, and what hubs have one folder up', async () => {
  expect(await found('/plain/model.onnx', 'config.json')).toBe('{"beside":1}');
  expect(await found('/owner/model/resolve/main/onnx/model.onnx', 'tokenizer.json')).toBe('{"above":1}');
});

it('is null for what is in neither place', async () => {
  expect(await found('/plain/model.onnx', 'tokenizer.json')).toBeNull();
});

it('takes no page for a file, as servers of single pages answer for what they do not have', async () => {
  const page = await serveFiles({
    '/tokenizer.json': { body: '<!doctype html>', headers: { 'Content-Type': 'text/html; charset=utf-8' } },
  });
  expect(await besideModel(`${page.origin}/model.onnx`, 'tokenizer.json', { signal, keep })).toBeNull();
  await page.close();
});

it('keeps what it found: the next visit moves no byte of it', async () => {
  await found('/owner/model/resolve/main/onnx/model.onnx', 'tokenizer.json');
  const before = mirror.counts.of(ABOVE).bytes;
  expect(await found('/owner/model/resolve/main/onnx/model.onnx', 'tokenizer.json')).toBe('{"above":1}');
  expect(mirror.counts.of(ABOVE).bytes).toBe(before);
});
