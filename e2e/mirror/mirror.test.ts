import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Mirror, startMirror } from './mirror.ts';

const BYTES = Uint8Array.from({ length: 200_000 }, (_, at) => at % 251);

describe('a mirror', () => {
  let folder: string;
  let mirror: Mirror;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mirror-'));
    await writeFile(join(folder, 'model.onnx'), BYTES);
    mirror = await startMirror({ folder });
  });
  beforeEach(() => mirror.reset());
  afterAll(async () => {
    await mirror?.close();
    await rm(folder, { recursive: true });
  });

  const get = (path: string, range?: string, method = 'GET'): Promise<Response> =>
    fetch(mirror.at(path), { method, ...(range ? { headers: { Range: range } } : {}) });

  async function bytesOf(response: Response): Promise<Buffer> {
    return Buffer.from(await response.arrayBuffer());
  }

  it('serves files and their ranges as a hub does, and counts what it sends', async () => {
    const part = await get('/model.onnx', 'bytes=100-150099');
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe('bytes 100-150099/200000');
    expect(part.headers.get('access-control-allow-origin')).toBe('*');
    expect(part.headers.get('etag')).toMatch(/^"200000-/);
    expect(Buffer.compare(await bytesOf(part), BYTES.subarray(100, 150_100))).toBe(0);
    expect(await bytesOf(await get('/model.onnx'))).toHaveLength(200_000);
    expect((await get('/model.onnx', 'bytes=199999-300000')).headers.get('content-length')).toBe('1');
    expect((await get('/model.onnx', 'bytes=200000-')).status).toBe(416);
    const head = await get('/model.onnx', 'bytes=0-', 'HEAD');
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '200000']);
    expect(mirror.counts.of('/model.onnx')).toMatchObject({
      requests: 5,
      bytes: 350_001,
      rangeBytes: 150_001,
      log: ['GET 100-150099', 'GET', 'GET 199999-300000', 'GET 200000-', 'HEAD 0-'],
    });
  });

  it('serves nothing from outside its folder', async () => {
    expect(existsSync('/etc/passwd')).toBe(true);
    for (const path of ['/..%2f..%2f..%2fetc%2fpasswd', '/nothing', '/'])
      expect((await get(path)).status).toBe(404);
  });

  it('corrupts one byte of the file, whatever part is asked for', async () => {
    mirror.fault('/model.onnx', { kind: 'corrupt', at: 70_000 });
    const part = await bytesOf(await get('/model.onnx', 'bytes=65000-80000'));
    const wrong = [...part].flatMap((byte, at) => (byte === BYTES[65_000 + at] ? [] : at + 65_000));
    expect(wrong).toEqual([70_000]);
  });

  it('sends as slowly as it is told', async () => {
    mirror.fault('/model.onnx', { kind: 'slow', bytesPerSecond: 400_000 });
    const startedAt = performance.now();
    await bytesOf(await get('/model.onnx'));
    expect(performance.now() - startedAt).toBeGreaterThan(400);
  });

  it('closes the connection after exactly so many bytes, as often as it is told', async () => {
    mirror.fault('/model.onnx', { kind: 'close', afterBytes: 1000, times: 1 });
    const broken = await get('/model.onnx');
    let bytes = 0;
    await expect(
      (async () => {
        for await (const chunk of broken.body ?? []) bytes += chunk.byteLength;
      })(),
    ).rejects.toThrow();
    expect(bytes).toBe(1000);
    // The server's side of the connection may end a moment later.
    await vi.waitFor(() => {
      expect(mirror.counts.of('/model.onnx')).toMatchObject({ bytes: 1000, cutOff: 1 });
    }, 10_000);
    expect(await bytesOf(await get('/model.onnx'))).toHaveLength(200_000);
  });

  it('answers no preflight, and counts it', async () => {
    expect((await get('/model.onnx', undefined, 'OPTIONS')).status).toBe(405);
    expect(mirror.counts.of('/model.onnx')).toMatchObject({ preflights: 1, requests: 0 });
  });
});
