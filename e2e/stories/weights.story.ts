import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sampleInputs } from '../../core/graph/sample-inputs.ts';
import { asFloat32 } from '../../core/tensor/tensor.ts';
import { openModelFile, wholeModel } from '../../tools/split/model-file.ts';
import { runWhole } from '../../tools/split/runs.ts';
import { type Mirror, startMirror } from '../mirror/mirror.ts';
import { ROOT } from '../repository.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { type PotluckWindow, runsOn, stateOf, until } from '../session-page.ts';

/** A vision transformer of 23 MB, so that a load has a middle that can be disturbed. */
const SHAPE = ['vit-b', '--layers', '3', '--hidden', '384', '--heads', '6'];
const QUERY = '?provider=wasm&threads=1';
/** Slow enough to meet a load in the middle. */
const BYTES_PER_SECOND = 6e6;
/** Two visits of four browsers, on as few as two cores. */
const VISITS_MS = 480_000;
/** Split against whole, as for every model (README). */
const TOLERANCE = 1e-4;

const MODEL = '/model.onnx';
const WEIGHTS = '/model.onnx_data';

describe('the weights of a model at an address', () => {
  const folder = mkdtempSync(join(tmpdir(), 'potluck-weights-'));
  let server: ProductServer;
  let mirror: Mirror;
  let bytes = 0;
  let expected: Float32Array;
  let room: Room | undefined;

  beforeAll(async () => {
    execFileSync(process.execPath, ['--import', 'tsx', 'models/shapes/main.ts', ...SHAPE, '--out', folder], {
      cwd: ROOT,
      stdio: 'ignore',
    });
    bytes = statSync(join(folder, MODEL)).size + statSync(join(folder, WEIGHTS)).size;
    const file = await openModelFile(join(folder, MODEL));
    const inputs = sampleInputs(file.graph.inputs, {}, 0);
    const [logits] = await runWhole(await wholeModel(file), file.graph, inputs);
    if (!logits) throw new Error('The whole model gave nothing.');
    expected = asFloat32(logits);
    server = await startProduct();
    mirror = await startMirror({ folder });
  });
  afterAll(async () => {
    await mirror?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => mirror.reset());
  afterEach(async () => {
    await room?.close();
    room = undefined;
  });

  const open = async (devices: number, profiles?: readonly string[]): Promise<Room> => {
    room = await openRoom({
      origin: server.origin,
      devices,
      query: QUERY,
      ...(profiles ? { profiles } : {}),
    });
    return room;
  };

  /** Names the model's address in the leader's page; does not wait. */
  const choose = async ({ leader: { page } }: Room): Promise<void> => {
    await page.evaluate(async (url) => {
      const { potluck } = globalThis as unknown as PotluckWindow;
      potluck.setMode('everyone');
      // What goes wrong shows in the page's state.
      potluck.openUrl(url).catch(() => undefined);
    }, mirror.at(MODEL));
  };

  const runs = async ({ leader: { page }, devices }: Room, on = devices.length): Promise<void> => {
    await until(page, `the model runs on ${on} devices`, (state) => {
      return state.model.kind === 'ready' && state.model.card.bytes === bytes && runsOn(on)(state);
    });
  };

  it('leave the origin once for four devices, and not at all on the next visit', {
    timeout: VISITS_MS,
  }, async () => {
    const profiles = Array.from({ length: 4 }, () => mkdtempSync(join(tmpdir(), 'potluck-visit-')));
    try {
      const first = await open(4, profiles);
      await choose(first);
      await runs(first);
      await answersRight(first.leader.page, expected);
      const ratio = mirror.counts.total.bytes / bytes;
      console.log(`origin bytes over one copy, four devices: ${ratio.toFixed(4)}`);
      expect(ratio).toBeGreaterThan(0.98);
      expect(ratio).toBeLessThan(1.02);
      await first.close();
      mirror.reset();
      const second = await open(4, profiles);
      await choose(second);
      await runs(second);
      await answersRight(second.leader.page, expected);
      console.log(`origin bytes on the next visit: ${mirror.counts.total.bytes}`);
      expect(mirror.counts.total.bytes).toBe(0);
    } finally {
      await room?.close();
      room = undefined;
      for (const profile of profiles) rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    }
  });

  it('come complete though the connection breaks at 30, 60 and 90 % of the load', async () => {
    const two = await open(2);
    mirror.fault(WEIGHTS, { kind: 'slow', bytesPerSecond: BYTES_PER_SECOND });
    await choose(two);
    for (const part of [0.3, 0.6, 0.9]) {
      await reached(() => mirror.counts.of(WEIGHTS).bytes > part * bytes, `${part * 100} % sent`);
      mirror.cut();
    }
    await runs(two);
    await answersRight(two.leader.page, expected);
    expect(mirror.counts.of(WEIGHTS).cutOff).toBeGreaterThanOrEqual(3);
    // Only what had not become a whole piece came twice.
    expect(mirror.counts.of(WEIGHTS).bytes / bytes).toBeLessThan(2);
  });

  it('come complete though the storage of a device is full, and its page says so', async () => {
    const two = await open(2);
    const { page, context } = two.followers[0] ?? two.leader;
    const session = await context.newCDPSession(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin: server.origin, quotaSize: 5e6 });
    // So the device without storage holds all of the model.
    await leaveOutOwn(two.leader.page);
    await choose(two);
    await runs(two, 1);
    await answersRight(two.leader.page, expected);
    const { notices } = (await stateOf(page)) ?? { notices: [] };
    expect(notices.map(({ message }) => message).join()).toMatch(/storage|stored/i);
  });

  it('are fetched elsewhere when a device has damaged ones, and that device is named', async () => {
    const one = await open(2);
    const [follower] = one.followers;
    if (!follower) throw new Error('There is no follower.');
    // Whatever part another device takes is then the follower's.
    await leaveOutOwn(one.leader.page);
    await choose(one);
    await runs(one, 1);
    await damageStoredPieces(follower.page);
    const name = (await stateOf(follower.page))?.devices.find(({ card }) => card.peer !== '')?.card.name;
    expect(name).toBeDefined();
    // A third device takes over a part of the layers, and asks the follower for them.
    const before = mirror.counts.total.bytes;
    const third = await openRoom({ origin: server.origin, devices: 1, query: QUERY });
    await third.leader.page.goto(`${one.link.split('#')[0]}${QUERY}#${one.link.split('#')[1]}`);
    try {
      await until(one.leader.page, 'two devices hold layers', runsOn(2));
      await answersRight(one.leader.page, expected);
      const { notices } = (await stateOf(one.leader.page)) ?? { notices: [] };
      expect(notices.map(({ message }) => message).join()).toMatch(/damaged weights/);
      expect(mirror.counts.total.bytes).toBeGreaterThan(before);
    } finally {
      await third.close();
    }
  });
});

/** The page's own device is to hold no layers. */
async function leaveOutOwn(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { potluck } = globalThis as unknown as PotluckWindow;
    const { me } = potluck.state();
    potluck.setRules({ pinnedIn: [], pinnedOut: [me], endsAtHome: false, batteryFloor: 0 });
  });
}

/** Inverts a byte of every stored piece, as a failing disk or a malicious page would. */
async function damageStoredPieces(page: Page): Promise<void> {
  const damaged = await page.evaluate(async () => {
    const pieces = await (await navigator.storage.getDirectory()).getDirectoryHandle('pieces');
    let count = 0;
    for await (const handle of pieces.values()) {
      if (!(handle instanceof FileSystemFileHandle)) continue;
      const content = new Uint8Array(await (await handle.getFile()).arrayBuffer());
      content[0] = ~(content[0] ?? 0);
      const writable = await handle.createWritable();
      await writable.write(content);
      await writable.close();
      count += 1;
    }
    return count;
  });
  expect(damaged).toBeGreaterThan(0);
}

async function answersRight(page: Page, expected: Float32Array): Promise<void> {
  const values = await page.evaluate(async () => {
    const { potluck } = globalThis as unknown as PotluckWindow;
    const [first] = (await potluck.run({})).outputs;
    if (!first) return [];
    const { buffer, byteOffset, byteLength } = first.data;
    return [...new Float32Array(buffer, byteOffset, byteLength / 4)];
  });
  expect(values.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  const largest = Math.max(...values.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN))));
  expect(largest / scale).toBeLessThan(TOLERANCE);
}

async function reached(done: () => boolean, what: string): Promise<void> {
  const limit = performance.now() + 90_000;
  while (!done()) {
    if (performance.now() > limit) throw new Error(`Not within 90 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
