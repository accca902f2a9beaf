import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** Weights are left out: they hardly compress, and the page reads ranges of them. */
const COMPRESSIBLE = new Set(['.html', '.js', '.css', '.json', '.svg', '.txt', '.wasm', '.webmanifest']);

/** Below this a response is one packet anyhow. */
const LEAST_BYTES = 1024;

/**
 * Larger files get brotli 9 instead of 11. Measured on the 16.8 MB of the JSPI runtime: 11 takes 50 s for
 * 2.62 MB, 9 takes 4 s for 3.04 MB. The first `npm start` has three such files, and people wait for it.
 */
const LARGE_BYTES = 1024 * 1024;

/** 16 MiB, the largest window that every browser accepts; 22 bits made the same file 0.6 % larger. */
const WINDOW_BITS = 24;

/** Part of every key of the cache: raise it with any change of the settings above. */
const SETTINGS = 'brotli 9/11 w24, gzip 9, 1';

export interface Precompressed {
  readonly files: number;
  /** Those not found in the cache. */
  readonly compressed: number;
  readonly bytes: number;
  readonly brotliBytes: number;
}

interface Options {
  /** The built page; `x.br` and `x.gz` appear beside each `x`. */
  readonly dist: string;
  /** Keeps results by the hash of what they were made from; what this run does not use is removed. */
  readonly cache: string;
  readonly progress?: (done: number, of: number) => void;
}

/** Compresses the built page once, so that the server only hands out files. */
export async function precompress({ dist, cache, progress }: Options): Promise<Precompressed> {
  await mkdir(cache, { recursive: true });
  const files = await compressible(dist);
  const used = new Set<string>();
  const total = { files: files.length, compressed: 0, bytes: 0, brotliBytes: 0 };
  let done = 0;
  await inParallel(files, async (file) => {
    const content = await readFile(file);
    const hash = createHash('sha256').update(SETTINGS).update(content).digest('hex').slice(0, 32);
    for (const kind of ['br', 'gz'] as const) {
      const kept = join(cache, `${hash}.${kind}`);
      used.add(`${hash}.${kind}`);
      if (!(await exists(kept))) {
        await save(kept, await (kind === 'br' ? brotli(content) : gzipped(content)));
        if (kind === 'br') total.compressed++;
      }
      await copyFile(kept, `${file}.${kind}`);
    }
    total.bytes += content.byteLength;
    total.brotliBytes += (await stat(`${file}.br`)).size;
    progress?.(++done, files.length);
  });
  for (const name of await readdir(cache)) if (!used.has(name)) await rm(join(cache, name));
  return total;
}

/** The largest first, so that no core is left with them at the end. */
async function compressible(dist: string): Promise<string[]> {
  const names = await readdir(dist, { recursive: true });
  const sized = await Promise.all(
    names
      .filter((name) => COMPRESSIBLE.has(extname(name)))
      .map(async (name) => ({ file: join(dist, name), size: (await stat(join(dist, name))).size })),
  );
  return sized
    .filter(({ size }) => size >= LEAST_BYTES)
    .sort((a, b) => b.size - a.size)
    .map(({ file }) => file);
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

function brotli(content: Buffer): Promise<Buffer> {
  const quality = content.byteLength >= LARGE_BYTES ? 9 : 11;
  return promisify(brotliCompress)(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.byteLength,
    },
  });
}

function gzipped(content: Buffer): Promise<Buffer> {
  return promisify(gzip)(content, { level: 9 });
}

/** Whole or not at all: an interrupted run must not leave half a file under its final name. */
async function save(file: string, content: Buffer): Promise<void> {
  await writeFile(`${file}.${process.pid}`, content);
  await rename(`${file}.${process.pid}`, file);
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

async function main(): Promise<void> {
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const started = performance.now();
  const show = (done: number, of: number): void => {
    if (process.stdout.isTTY) process.stdout.write(`\rCompressing the page: ${done} of ${of} files`);
  };
  const { files, compressed, bytes, brotliBytes } = await precompress({
    dist: here('../dist'),
    cache: here('../.cache/precompress'),
    progress: show,
  });
  const mb = (n: number): string => `${(n / 1e6).toFixed(1)} MB`;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const line = `Compressed the page: ${files} files, ${mb(bytes)} to ${mb(brotliBytes)} (${compressed} anew, ${seconds} s)`;
  console.log(`${process.stdout.isTTY ? '\r' : ''}${line}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
