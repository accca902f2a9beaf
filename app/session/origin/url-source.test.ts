import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelSource } from '../../../core/opening/model-source.ts';
import type { Progress } from '../../../core/session/state.ts';
import { subtleDigest } from '../../../core/weights/digest.ts';
import { MemoryPieceStore, MemoryShelf } from '../../../core/weights/memory-piece-store.ts';
import type { PieceStore } from '../../../core/weights/piece-store.ts';
import { Shelf } from '../../../core/weights/shelf.ts';
import { type Mirror, startMirror } from '../../../e2e/mirror/mirror.ts';
import { urlSource } from './url-source.ts';

const MODEL = Uint8Array.from({ length: 900_000 }, (_, at) => (at * 7 + (at >> 8)) % 251);
const DATA = Uint8Array.from({ length: 5_000_000 }, (_, at) => (at * 11 + (at >> 9)) % 253);
const digest = subtleDigest(crypto.subtle);
const PATHS = ['/repo/m.onnx', '/repo/m.onnx_data'] as const;

describe('a model at an address', () => {
  let mirror: Mirror;
  let disk: MemoryShelf;
  let told: Progress[];

  beforeEach(async () => {
    mirror = await startMirror({ files: { [PATHS[0]]: MODEL, [PATHS[1]]: DATA } });
    disk = new MemoryShelf();
    told = [];
  });
  afterEach(() => mirror.close());

  /** A store that says it is a disk, so that files which come whole are kept in it. */
  function diskStore(): PieceStore {
    const store = new MemoryPieceStore(disk);
    Object.defineProperty(store, 'kind', { value: 'disk' });
    return store;
  }

  function visit(signal = new AbortController().signal): Promise<ModelSource> {
    const shelf = new Shelf(diskStore(), digest);
    return urlSource(mirror.at(PATHS[0]), shelf, (progress) => told.push(progress), signal);
  }

  /** Reads as a graph's reader does: from the front, with jumps, twice; then a little of the weights. */
  async function readGraph(source: ModelSource): Promise<ModelSource> {
    for (let pass = 0; pass < 2; pass++) {
      for (const [offset, length] of [
        [0, 4096],
        [4096, 70_000],
        [800_000, 100_000],
      ] as const) {
        same(await source.main.read(offset, length), MODEL.subarray(offset, offset + length));
      }
    }
    const weights = await source.external('m.onnx_data');
    expect(weights.size).toBe(DATA.length);
    same(await weights.read(1_000_000, 500), DATA.subarray(1_000_000, 1_000_500));
    await source.graphRead();
    return source;
  }

  it('is read in parts, no byte twice, and every device is told where it lies', async () => {
    const source = await readGraph(await visit());
    expect(source.blobOf).toBeNull();
    expect(source.origin()).toEqual({
      url: mirror.at(PATHS[0]),
      files: [
        { name: '', bytes: MODEL.length, validator: `"memory-${MODEL.length}"` },
        { name: 'm.onnx_data', bytes: DATA.length, validator: `"memory-${DATA.length}"` },
      ],
    });
    expect(mirror.counts.of(PATHS[0]).bytes).toBe(4096 + 70_000 + 100_000);
    expect(mirror.counts.of(PATHS[1]).bytes).toBe(500 + 64);
  });

  it('is read without a byte from the network on the next visit', async () => {
    const first = await readGraph(await visit());
    mirror.reset();
    const second = await readGraph(await visit());
    expect(second.origin()).toEqual(first.origin());
    expect(mirror.counts.total).toMatchObject({ bytes: 0, log: ['HEAD 0-', 'HEAD 0-'] });
  });

  it('is read without a network at all on the next visit', async () => {
    await readGraph(await visit());
    await mirror.close();
    await readGraph(await visit());
  });

  it('is read anew when the server has another version', async () => {
    await readGraph(await visit());
    mirror.reset();
    mirror.fault(PATHS[1], { kind: 'etag', value: '"new"' });
    const source = await readGraph(await visit());
    expect(source.origin()?.files[1]?.validator).toBe('"new"');
    expect(mirror.counts.of(PATHS[0]).bytes).toBeGreaterThan(170_000);
  });

  it('is still read without a byte when the server answers no HEAD but one byte of a GET', async () => {
    await readGraph(await visit());
    mirror.reset();
    for (const path of PATHS) mirror.fault(path, { kind: 'no-head' });
    await readGraph(await visit());
    expect(mirror.counts.total.bytes).toBe(2);
  });

  it('is read anew when what was kept is damaged', async () => {
    await readGraph(await visit());
    const [hash, piece] = [...disk.pieces][0] ?? [];
    if (!hash || !piece) throw new Error('nothing was kept');
    const bytes = new Uint8Array(await piece.blob.arrayBuffer());
    bytes[5000] = ~(bytes[5000] ?? 0);
    disk.pieces.set(hash, { ...piece, blob: new Blob([bytes]) });
    await readGraph(await visit());
  });

  it('is not believed from a note that no version of this page writes', async () => {
    const store = diskStore();
    const key = `graph:${mirror.at(PATHS[0])}`;
    for (const note of [7, {}, { hash: 'x', files: [] }, { hash: 'a'.repeat(64), files: [{ name: '' }] }]) {
      await store.remember(key, note);
      await readGraph(await visit());
    }
  });

  it('comes whole from a server without ranges, and from disk on the next visit', async () => {
    for (const path of PATHS) mirror.fault(path, { kind: 'ignore-range' });
    const source = await readGraph(await visit());
    expect(source.origin()).toBeNull();
    same(new Uint8Array((await source.blobOf?.('m.onnx_data').arrayBuffer()) ?? []), DATA);
    expect(mirror.counts.total.bytes).toBe(MODEL.length + DATA.length);
    expect(told.at(-1)).toMatchObject({
      step: 'Downloading the weights',
      fraction: 1,
      bytesDone: DATA.length,
    });
    mirror.counts.clear();
    const again = await readGraph(await visit());
    expect(again.blobOf?.('').size).toBe(MODEL.length);
    expect(mirror.counts.total.bytes).toBe(0);
  });

  it('comes whole also where only one of its files cannot be had in parts', async () => {
    mirror.fault(PATHS[1], { kind: 'ignore-range' });
    const source = await readGraph(await visit());
    expect(source.origin()).toBeNull();
    same(new Uint8Array((await source.blobOf?.('').arrayBuffer()) ?? []), MODEL);
  });

  it('goes to memory when the disk is full', async () => {
    disk = new MemoryShelf(4_300_000);
    for (const path of PATHS) mirror.fault(path, { kind: 'ignore-range' });
    const source = await readGraph(await visit());
    expect(source.blobOf?.('m.onnx_data').size).toBe(DATA.length);
  });

  it('opens although there is no room to keep what was read', async () => {
    disk = new MemoryShelf(1000);
    await readGraph(await visit());
    expect(disk.pieces.size).toBe(0);
  });

  it('says that a broken download of a whole file begins again from the front', async () => {
    mirror.fault(PATHS[0], { kind: 'ignore-range' }, { kind: 'close', afterBytes: 500_000 });
    await expect(visit()).rejects.toMatchObject({
      name: 'FetchError',
      message: expect.stringMatching(/broke off.*from the front/),
      data: { step: 'open the model', resumable: false },
    });
  });

  it('ends a whole download by its signal', async () => {
    mirror.fault(PATHS[0], { kind: 'ignore-range' }, { kind: 'stall', afterBytes: 500_000 });
    const control = new AbortController();
    const opening = visit(control.signal);
    setTimeout(() => control.abort(new Error('cancelled')), 300);
    await expect(opening).rejects.toThrow('cancelled');
  });

  it('goes on where a read broke off', async () => {
    const source = await visit();
    mirror.reset();
    mirror.fault(PATHS[0], { kind: 'close', afterBytes: 30_000, times: 1 });
    same(await source.main.read(100_000, 100_000), MODEL.subarray(100_000, 200_000));
    const { log, bytes } = mirror.counts.of(PATHS[0]);
    expect(log).toHaveLength(2);
    expect(bytes).toBeLessThan(100_000 + 30_000);
  });

  it('refuses to read past its end', async () => {
    const source = await visit();
    await expect(source.main.read(MODEL.length - 1, 2)).rejects.toMatchObject({ name: 'ModelFormatError' });
  });

  it('names the file and the address of weights that are missing', async () => {
    const source = await visit();
    await expect(source.external('m.onnx_data_1')).rejects.toMatchObject({
      name: 'FetchError',
      message: expect.stringMatching(/"m\.onnx_data_1".*404.*\/repo\/m\.onnx_data_1/),
      data: { step: 'find the external weights', actual: '404', file: 'm.onnx_data_1' },
    });
  });
});

/** Comparing byte by byte in JavaScript takes seconds for a megabyte. */
function same(actual: Uint8Array, expected: Uint8Array): void {
  expect(Buffer.compare(actual, expected)).toBe(0);
}
