import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { OriginCard } from '../../../core/weights/origin.ts';
import type { Fault } from '../../../e2e/mirror/fault.ts';
import { type Mirror, startMirror } from '../../../e2e/mirror/mirror.ts';
import { httpOrigin } from './http-origin.ts';

const PATH = '/repo/model.onnx';
const BYTES = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7 + (at >> 8)) % 251);

describe('an origin over HTTP', () => {
  let mirror: Mirror;
  let card: OriginCard;
  const forever = new AbortController().signal;

  beforeAll(async () => {
    mirror = await startMirror({ files: { [PATH]: BYTES, '/cdn/blob': BYTES, '/repo/a b#1.data': BYTES } });
    card = {
      url: mirror.at(`${PATH}?download=true`),
      files: [
        { name: '', bytes: BYTES.length, validator: `"memory-${BYTES.length}"` },
        { name: 'a b#1.data', bytes: BYTES.length, validator: null },
      ],
    };
  });
  afterEach(() => mirror.reset());
  afterAll(() => mirror.close());

  async function read(offset: number, length: number, name = '', stallMs = 20_000): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of httpOrigin(card, { stallMs }).read(name, offset, length, forever)) {
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  it('gives exactly the bytes asked for, and nothing else moves', async () => {
    expect(Buffer.compare(await read(1000, 200_000), BYTES.subarray(1000, 201_000))).toBe(0);
    expect(mirror.counts.of(PATH)).toMatchObject({
      requests: 1,
      preflights: 0,
      bytes: 200_000,
      rangeBytes: 200_000,
    });
  });

  it('asks for nothing when nothing is wanted', async () => {
    expect(await read(5, 0)).toHaveLength(0);
    expect(mirror.counts.total.requests).toBe(0);
  });

  it('finds external data beside the model, whatever its name and the query of the model', async () => {
    expect(await read(299_990, 10, 'a b#1.data')).toEqual(Buffer.from(BYTES.subarray(299_990)));
  });

  it('follows a redirect to a CDN with its range', async () => {
    const cdn = await startMirror({ files: { '/cdn/blob': BYTES } });
    mirror.fault(PATH, { kind: 'redirect', to: cdn.at('/cdn/blob?signature=1') });
    expect(await read(10, 20)).toEqual(Buffer.from(BYTES.subarray(10, 30)));
    expect(cdn.counts.of('/cdn/blob').log).toEqual(['GET 10-29']);
    await cdn.close();
  });

  const range = { step: 'fetch weights from the origin', expected: '206' };
  it.each<[string, Fault, object]>([
    ['ignores ranges', { kind: 'ignore-range' }, { ...range, actual: '200', retry: false }],
    ['has no such file', { kind: 'status', status: 404 }, { ...range, actual: '404', retry: false }],
    ['refuses', { kind: 'status', status: 403 }, { ...range, actual: '403', retry: false }],
    [
      'says that the file is shorter',
      { kind: 'status', status: 416 },
      { ...range, actual: '416', retry: false },
    ],
    ['has trouble', { kind: 'status', status: 503 }, { ...range, actual: '503', retry: true }],
    [
      'has had too many requests',
      { kind: 'status', status: 429, retryAfterSeconds: 3 },
      { ...range, actual: '429', retry: true, retryAfterMs: 3000 },
    ],
    ['closes before it answers', { kind: 'close', afterBytes: -1 }, { unreachable: true, retry: true }],
    ['closes in the middle', { kind: 'close', afterBytes: 100 }, { expected: 'more bytes', retry: true }],
    ['sends fewer bytes', { kind: 'wrong-length', by: -1 }, { actual: '19999 bytes', retry: true }],
    ['sends more bytes', { kind: 'wrong-length', by: 1 }, { actual: 'more than 20000 bytes', retry: false }],
    ['sends another part', { kind: 'shifted', by: 8 }, { actual: 'bytes from 18 on', retry: false }],
    ['has another version', { kind: 'etag', value: '"new"' }, { actual: 'another version', retry: false }],
  ])('tells of a server that %s', async (_what, fault, data) => {
    mirror.fault(PATH, fault);
    await expect(read(10, 20_000)).rejects.toMatchObject({ name: 'FetchError', data });
  });

  it('gives up a server that falls silent', async () => {
    mirror.fault(PATH, { kind: 'stall', afterBytes: 100 });
    await expect(read(10, 20_000, '', 300)).rejects.toMatchObject({
      name: 'FetchError',
      data: { actual: 'nothing for 0.3 s', retry: true },
    });
  });

  it('takes a weak tag for the same version', async () => {
    mirror.fault(PATH, { kind: 'etag', value: `W/"memory-${BYTES.length}"` });
    expect(await read(0, 4)).toHaveLength(4);
  });

  it('tells of a file that has another size now', async () => {
    const [main] = card.files;
    const longer = { ...card, files: [{ name: '', bytes: (main?.bytes ?? 0) + 1, validator: null }] };
    const first = httpOrigin(longer).read('', 0, 10, forever)[Symbol.asyncIterator]();
    await expect(first.next()).rejects.toMatchObject({ data: { actual: '300000 bytes', retry: false } });
  });

  it('tells of a server that is not there', async () => {
    const gone = await startMirror({});
    await gone.close();
    const origin = httpOrigin({ ...card, url: gone.at(PATH) });
    const first = origin.read('', 0, 10, forever)[Symbol.asyncIterator]();
    await expect(first.next()).rejects.toMatchObject({
      name: 'FetchError',
      message: expect.stringMatching(/cannot be reached.*CORS/),
      data: { retry: true, unreachable: true },
    });
  });

  it('ends with the reason of its signal, and the server sees the connection close', async () => {
    mirror.fault(PATH, { kind: 'slow', bytesPerSecond: 10_000 });
    const control = new AbortController();
    const reading = (async () => {
      for await (const _ of httpOrigin(card).read('', 0, 300_000, control.signal))
        control.abort(new Error('enough'));
    })();
    await expect(reading).rejects.toThrow('enough');
    await vi.waitFor(() => expect(mirror.counts.of(PATH).cutOff).toBe(1), 10_000);
  });

  it('ends the request when its reader leaves the loop', async () => {
    mirror.fault(PATH, { kind: 'slow', bytesPerSecond: 10_000 });
    for await (const _ of httpOrigin(card).read('', 0, 300_000, forever)) break;
    await vi.waitFor(() => expect(mirror.counts.of(PATH).cutOff).toBe(1), 10_000);
  });

  it('counts no time that its reader takes against the server', async () => {
    let bytes = 0;
    for await (const chunk of httpOrigin(card, { stallMs: 1500 }).read('', 0, 300_000, forever)) {
      if (bytes === 0) await new Promise((resolve) => setTimeout(resolve, 2500));
      bytes += chunk.byteLength;
    }
    expect(bytes).toBe(300_000);
  });
});
