import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { precompress } from './precompress.ts';

let base: string;
let dist: string;
let cache: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'potluck-precompress-'));
  dist = join(base, 'dist');
  cache = join(base, 'cache');
  mkdirSync(join(dist, 'assets'), { recursive: true });
  writeFileSync(join(dist, 'index.html'), '<p>potluck</p>'.repeat(200));
  writeFileSync(join(dist, 'tiny.js'), 'let a;');
  writeFileSync(join(dist, 'assets', 'model.onnx'), Buffer.alloc(50_000));
  writeFileSync(join(dist, 'assets', 'large.wasm'), Buffer.alloc(3_000_000, 'wasm'));
});
afterEach(() => rmSync(base, { recursive: true }));

test('what is worth it gets both forms, which unpack to the same bytes', async () => {
  const result = await precompress({ dist, cache });
  expect(result).toMatchObject({ files: 2, compressed: 2, bytes: 3_002_800 });
  expect(result.brotliBytes).toBeLessThan(10_000);
  for (const file of [join(dist, 'index.html'), join(dist, 'assets', 'large.wasm')]) {
    const content = readFileSync(file);
    expect(content.equals(brotliDecompressSync(readFileSync(`${file}.br`))), file).toBe(true);
    expect(content.equals(gunzipSync(readFileSync(`${file}.gz`))), file).toBe(true);
  }
  for (const file of ['tiny.js.br', 'assets/model.onnx.br', 'assets/large.wasm.br.br']) {
    expect(existsSync(join(dist, file)), file).toBe(false);
  }
});

test('a second run takes everything from the cache, though dist was emptied', async () => {
  await precompress({ dist, cache });
  rmSync(join(dist, 'assets', 'large.wasm.br'));
  expect((await precompress({ dist, cache })).compressed).toBe(0);
  expect(existsSync(join(dist, 'assets', 'large.wasm.br'))).toBe(true);
});

test('what changed is compressed anew, and the cache does not grow', async () => {
  await precompress({ dist, cache });
  writeFileSync(join(dist, 'index.html'), '<p>another</p>'.repeat(200));
  expect((await precompress({ dist, cache })).compressed).toBe(1);
  expect(readdirSync(cache)).toHaveLength(4);
  expect(brotliDecompressSync(readFileSync(join(dist, 'index.html.br'))).toString()).toContain('another');
});

test('progress is told file by file', async () => {
  const seen: string[] = [];
  await precompress({ dist, cache, progress: (done, of) => seen.push(`${done}/${of}`) });
  expect(seen).toEqual(['1/2', '2/2']);
});
