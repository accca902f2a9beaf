import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { askDigits } from '../ask.ts';
import type { Fault } from '../mirror/fault.ts';
import { type Mirror, startMirror } from '../mirror/mirror.ts';
import { ROOT } from '../repository.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { type PotluckWindow, runsOn, stateOf, until } from '../session-page.ts';

const DIGITS = readFileSync(join(ROOT, 'public', 'models', 'digits.onnx'));
const QUERY = '?provider=wasm&threads=1';

/** Only a browser keeps CORS: what the unit tests of app/session/origin cannot see. */
describe('a model on another origin, in an isolated page', () => {
  let server: ProductServer;
  let mirror: Mirror;
  let cdn: Mirror;
  let room: Room;
  let opened = 0;

  beforeAll(async () => {
    server = await startProduct();
    const addresses = Array.from({ length: 10 }, (_, at) => [`/${at}.onnx`, DIGITS] as const);
    mirror = await startMirror({ files: Object.fromEntries(addresses) });
    cdn = await startMirror({ files: { '/blob': DIGITS } });
    room = await openRoom({ origin: server.origin, devices: 1, query: QUERY });
    await until(room.leader.page, 'the bundled model runs', runsOn(1));
  });
  afterEach(() => {
    mirror.reset();
    cdn.reset();
  });
  afterAll(async () => {
    await room?.close();
    await mirror?.close();
    await cdn?.close();
    await server?.stop();
  });

  /** Opens a fresh address, so that nothing is known of it, and waits until it runs or failed. */
  async function open(...faults: readonly Fault[]): Promise<{ path: string; failure: string | null }> {
    const { page } = room.leader;
    const path = `/${opened++}.onnx`;
    mirror.fault(path, ...faults);
    const failure = await page.evaluate(async (url) => {
      const { potluck } = globalThis as unknown as PotluckWindow;
      try {
        await potluck.openUrl(url);
        return null;
      } catch (error) {
        return String(error);
      }
    }, mirror.at(path));
    const known = await until(page, 'the model runs or is refused', (state) => {
      return state.model.kind === 'failed' || runsOn(1)(state);
    });
    const words = [failure, ...known.notices.map(({ message }) => message)].filter((text) => text !== null);
    return { path, failure: words.length > 0 ? words.join('\n') : null };
  }

  it('comes by simple ranges, for which no browser asks leave', async () => {
    expect(await room.leader.page.evaluate(() => crossOriginIsolated)).toBe(true);
    const { path, failure } = await open();
    expect(failure).toBeNull();
    await askDigits(room.leader.page);
    const { bytes, rangeBytes, preflights } = mirror.counts.of(path);
    expect({ rangeBytes, preflights }).toEqual({ rangeBytes: bytes, preflights: 0 });
    expect(bytes / DIGITS.length).toBeLessThanOrEqual(1.5);
  });

  it('comes although its server shows pages neither Content-Range nor ETag', async () => {
    const { path, failure } = await open({ kind: 'expose-nothing' });
    expect(failure).toBeNull();
    const { log, preflights } = mirror.counts.of(path);
    expect(log).toContain('HEAD 0-');
    expect(preflights).toBe(0);
  });

  it('comes from the CDN that its hub sends to', async () => {
    const { failure } = await open({ kind: 'redirect', to: cdn.at('/blob?signature=1') });
    expect(failure).toBeNull();
    expect(cdn.counts.of('/blob').rangeBytes).toBeGreaterThan(0);
    expect(cdn.counts.of('/blob').preflights).toBe(0);
  });

  it('comes whole, once, from a server that knows no ranges', async () => {
    const { path, failure } = await open({ kind: 'ignore-range' });
    expect(failure).toBeNull();
    await askDigits(room.leader.page);
    expect(mirror.counts.of(path).bytes).toBe(DIGITS.length);
  });

  it('comes from a server that has trouble at first', async () => {
    expect((await open({ kind: 'status', status: 503, times: 1 })).failure).toBeNull();
  });

  it.each<[string, Fault, RegExp]>([
    ['does not let other pages read it', { kind: 'no-cors' }, /CORS/],
    ['wants to know who asks', { kind: 'status', status: 403 }, /403/],
  ])('is refused with the reason where its server %s', async (_what, fault, said) => {
    const before = await stateOf(room.leader.page);
    expect(before?.model.kind).toBe('ready');
    expect((await open(fault)).failure).toMatch(said);
  });
});
