import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../../e2e/mirror/fault.ts';
import { type Mirror, startMirror } from '../../../e2e/mirror/mirror.ts';
import { type ProbeOptions, probeOrigin } from './probe.ts';

const BYTES = Uint8Array.from({ length: 100_000 }, (_, at) => (at * 13) % 256);
const OPTIONS: ProbeOptions = {
  step: 'open the model',
  signal: new AbortController().signal,
  firstPauseMs: 1,
};

describe('probing an address', () => {
  let mirror: Mirror;
  beforeAll(async () => {
    mirror = await startMirror({ files: { '/m.onnx': BYTES, '/small.onnx': BYTES.subarray(0, 10) } });
  });
  afterEach(() => mirror.reset());
  afterAll(() => mirror.close());

  const probe = (path = '/m.onnx') => probeOrigin(mirror.at(path), OPTIONS);

  it('learns size and version from the first bytes, which it keeps', async () => {
    const found = await probe();
    expect(found).toMatchObject({ kind: 'ranges', bytes: 100_000, validator: '"memory-100000"' });
    if (found.kind === 'ranges') expect(Buffer.compare(found.front, BYTES.subarray(0, 16_384))).toBe(0);
    expect(mirror.counts.of('/m.onnx').log).toEqual(['GET 0-16383']);
  });

  it('learns all of a file that is smaller than that', async () => {
    expect(await probe('/small.onnx')).toMatchObject({
      kind: 'ranges',
      bytes: 10,
      front: BYTES.slice(0, 10),
    });
  });

  it('begins the whole file where the server ignores ranges, without asking twice', async () => {
    mirror.fault('/m.onnx', { kind: 'ignore-range' });
    const found = await probe();
    expect(found).toMatchObject({ kind: 'whole', bytes: 100_000 });
    if (found.kind === 'whole') {
      let bytes = 0;
      for (let chunk = await found.body.next(); chunk; chunk = await found.body.next())
        bytes += chunk.byteLength;
      expect(bytes).toBe(100_000);
    }
    expect(mirror.counts.of('/m.onnx').requests).toBe(1);
  });

  it.each<[string, Fault[], number]>([
    ['is too busy at first', [{ kind: 'status', status: 429, times: 2 }], 3],
    ['breaks at first', [{ kind: 'status', status: 500, times: 1 }], 2],
    ['closes the connection once', [{ kind: 'close', afterBytes: 100, times: 1 }], 2],
  ])('tries again with a server that %s', async (_what, faults, requests) => {
    mirror.fault('/m.onnx', ...faults);
    expect(await probe()).toMatchObject({ kind: 'ranges', bytes: 100_000 });
    expect(mirror.counts.of('/m.onnx').requests).toBe(requests);
  });

  it.each([
    ['404', { kind: 'status', status: 404 } as Fault, 1],
    ['403', { kind: 'status', status: 403 } as Fault, 1],
    ['503', { kind: 'status', status: 503 } as Fault, 3],
  ])('names the step and the status when the server says %s', async (status, fault, requests) => {
    mirror.fault('/m.onnx', fault);
    await expect(probe()).rejects.toMatchObject({
      name: 'FetchError',
      message: expect.stringContaining(status),
      data: { step: 'open the model', expected: '206', actual: status },
    });
    expect(mirror.counts.of('/m.onnx').requests).toBe(requests);
  });

  it('does not wait for a server that wants minutes of patience', async () => {
    mirror.fault('/m.onnx', { kind: 'status', status: 429, retryAfterSeconds: 600 });
    await expect(probe()).rejects.toMatchObject({ data: { retryAfterMs: 600_000 } });
    expect(mirror.counts.of('/m.onnx').requests).toBe(1);
  });

  it('refuses a front that is not one', async () => {
    mirror.fault('/m.onnx', { kind: 'shifted', by: 8 });
    await expect(probe()).rejects.toMatchObject({ data: { actual: 'bytes from 8 on' } });
  });
});
