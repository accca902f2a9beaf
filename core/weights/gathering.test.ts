import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { PeerId, Sha256 } from '../ids.ts';
import { GatheringScene, type SceneOptions } from './gathering-scene.ts';
import { recallManifest } from './manifest.ts';
import type { OriginFault } from './memory-origin.ts';
import { MemoryPieceStore, MemoryShelf } from './memory-piece-store.ts';
import { VirtualClock } from './virtual-clock.ts';

const [ANN, BOB, CAT] = ['a', 'b', 'c'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId, PeerId];
/** Pieces of a stage, and the bytes of each. */
const PIECES = 20;
const BYTES = 5000;
const MINUTE = 60_000;

const digest = async (bytes: Uint8Array): Promise<Sha256> =>
  createHash('sha256').update(bytes).digest('hex') as Sha256;

/** As the store on disk does: what it is given is gone, whether it takes it or not. */
class MovingStore extends MemoryPieceStore {
  override async put(...[hash, bytes, note]: Parameters<MemoryPieceStore['put']>): Promise<void> {
    await super.put(hash, structuredClone(bytes, { transfer: [bytes.buffer] }), note);
  }
}

/** Takes its time, so that much may happen meanwhile. */
class SlowStore extends MovingStore {
  override async put(...[hash, bytes, note]: Parameters<MemoryPieceStore['put']>): Promise<void> {
    await clock.wait(4, new AbortController().signal);
    await super.put(hash, bytes, note);
  }
  override async get(hash: Sha256): Promise<Blob | null> {
    await clock.wait(2, new AbortController().signal);
    return super.get(hash);
  }
}

let clock: VirtualClock;
let disk: MemoryShelf;
beforeEach(() => {
  clock = new VirtualClock(() => new Promise(setImmediate));
  disk = new MemoryShelf();
});

function scene(options: Partial<SceneOptions> = {}): GatheringScene {
  const store = new MovingStore(disk, clock);
  return new GatheringScene({
    clock,
    digest,
    store,
    lengths: Array(PIECES).fill(BYTES),
    gapBytes: 40,
    ...options,
  });
}

async function bytesOf(blobs: readonly Blob[]): Promise<Uint8Array> {
  return new Uint8Array(await new Blob([...blobs]).arrayBuffer());
}

/** Gathers, and checks what holds of every gathering that ends well. */
async function complete(
  s: GatheringScene,
  pieces = s.pieces,
  ms = 10 * MINUTE,
  gathering = s.gathering(pieces),
): Promise<void> {
  const blobs = await clock.until(gathering.gather(), ms);
  expect(Buffer.compare(await bytesOf(blobs), s.pack)).toBe(0);
  expect(s.held.map(([id]) => id).sort((a, b) => a - b)).toEqual(pieces.map(({ id }) => id));
  for (const [id, hash] of s.held) expect(hash).toBe(await s.hashOf(id));
  expect(s.progress.at(-1) ?? 0).toBe(s.totalBytes);
  expect(s.progress).toEqual([...s.progress].sort((a, b) => a - b));
  await quiet(s);
}

/** Nothing is under way any more. */
async function quiet(s: GatheringScene): Promise<void> {
  await clock.pass(0);
  expect(clock.pending).toBe(0);
  expect(s.origin?.open ?? 0).toBe(0);
}

describe('from the origin', () => {
  test('each byte comes once, over two requests at a time', async () => {
    const s = scene();
    await complete(s);
    expect(s.origin?.sentBytes).toBe(PIECES * BYTES + (PIECES - 1) * 40);
    expect(s.origin?.mostOpen).toBe(1);
    disk.pieces.clear();
    const scattered = scene({ gapBytes: 10_000 });
    await complete(scattered);
    expect(scattered.origin?.sentBytes).toBe(PIECES * BYTES);
    expect(scattered.origin?.mostOpen).toBe(2);
  });

  test('the next visit fetches nothing; a piece that the disk damaged comes again', async () => {
    await complete(scene());
    const second = scene();
    await complete(second);
    expect(second.origin?.requests).toBe(0);
    const piece = disk.pieces.get(await second.hashOf(7));
    if (!piece) throw new Error('piece 7 is not stored');
    disk.pieces.set(await second.hashOf(7), { ...piece, blob: new Blob([second.bytesOf(8)]) });
    const third = scene();
    await complete(third);
    expect(third.origin?.sentBytes).toBe(BYTES);
  });

  test.each([0.3, 0.6, 0.9])(
    'a connection that breaks at %d of the load costs at most one piece',
    async (at) => {
      const after = Math.round(at * PIECES * BYTES);
      const s = scene({
        origin: { disturb: (nth) => (nth === 1 ? { kind: 'break', after, retry: true } : undefined) },
      });
      await complete(s);
      expect(s.origin?.requests).toBe(2);
      expect(s.origin?.sentBytes).toBeLessThanOrEqual(PIECES * (BYTES + 40) + BYTES);
    },
  );

  test('it may break as often as it likes, as long as each time a piece comes', async () => {
    const s = scene({ origin: { disturb: () => ({ kind: 'break', after: BYTES, retry: true }) } });
    await complete(s);
    expect(s.origin?.requests).toBe(PIECES);
  });

  test('after ten breaks without a piece it is given up, with the reason and what is missing', async () => {
    const s = scene({
      origin: { disturb: (nth) => ({ kind: 'break', after: nth === 1 ? 5 * BYTES : 100, retry: true }) },
    });
    await expect(clock.until(s.gathering().gather(), 2 * MINUTE)).rejects.toMatchObject({
      name: 'FetchError',
      message: expect.stringMatching(/^16 of 20 pieces .* hub\.test broke off\./),
      data: { expected: '20 pieces', actual: '4, without 4, 5, 6, 7, 8, 9, 10, 11 and more' },
      cause: { name: 'FetchError' },
    });
    expect(s.origin?.requests).toBe(10);
    await quiet(s);
  });

  test('an answer that is too short is a break, not a reason to ask for ever', async () => {
    const s = scene({ origin: { disturb: () => ({ kind: 'short', after: 100 }) } });
    await expect(clock.until(s.gathering().gather(), 2 * MINUTE)).rejects.toThrow(/less than was asked for/);
    expect(s.origin?.requests).toBe(10);
    await quiet(s);
  });

  test('what will never work is not tried again, and a server that asks for patience gets it', async () => {
    const never = scene({ origin: { disturb: () => ({ kind: 'break', after: 0, retry: false }) } });
    await expect(clock.until(never.gathering().gather(), 1000)).rejects.toThrow(/20 of 20/);
    expect(never.origin?.requests).toBe(1);
    const busy: OriginFault = { kind: 'break', after: 0, retry: true, retryAfterMs: 20_000 };
    const s = scene({ origin: { disturb: (nth) => (nth === 1 ? busy : undefined) } });
    const from = clock.now();
    await complete(s);
    expect(clock.now() - from).toBeGreaterThanOrEqual(20_000);
  });

  test('two requests that break together are one failure', async () => {
    const from = clock.now();
    const s = scene({
      gapBytes: 10_000,
      origin: { disturb: () => ({ kind: 'break', after: 0, retry: true }) },
    });
    await expect(clock.until(s.gathering().gather(), 2 * MINUTE)).rejects.toThrow(/broke off/);
    // Pauses of 0.5, 1, 2, 4 and five times 8 s.
    expect(clock.now() - from).toBeGreaterThan(47_000);
    await quiet(s);
  });

  test('bytes damaged on the way are never used, and come again', async () => {
    const s = scene({
      origin: { disturb: (nth) => (nth === 1 ? { kind: 'damage', after: 3 * (BYTES + 40) } : undefined) },
    });
    await complete(s, await s.heldBy());
    expect(s.origin?.sentBytes).toBe(PIECES * (BYTES + 40) - 40 + BYTES);
  });

  test('an origin with another file than before is said to be so, and its old hashes are forgotten', async () => {
    await complete(scene());
    const changed = scene({ seedOf: (id) => id + 100 });
    const card = changed.origin?.card;
    if (!card) throw new Error('no origin');
    disk.pieces.clear();
    await expect(clock.until(changed.gathering().gather(), MINUTE)).rejects.toMatchObject({
      name: 'FetchError',
      data: { step: 'verify the weights' },
    });
    await quiet(changed);
    const known = await recallManifest(changed.shelf.store, card);
    expect(known.hashOf({ file: 0, offset: 0, length: BYTES })).toBeNull();
    await complete(scene({ seedOf: (id) => id + 100 }));
  });

  test('a place outside of its files is no place', async () => {
    const s = scene();
    const pieces = s.pieces.map((piece) => ({ ...piece, at: { file: 1, offset: 0 } }));
    await expect(clock.until(s.gathering(pieces).gather(), 1000)).rejects.toThrow(
      /No device that is here has them/,
    );
    expect(s.origin?.requests).toBe(0);
  });
});

describe('from peers', () => {
  test('what a peer has does not come from the origin; a few pieces at a time', async () => {
    const s = scene();
    await complete(s, await s.heldBy(ANN, BOB, CAT));
    expect(s.origin?.requests).toBe(0);
    expect(s.asked.length).toBe(PIECES);
    expect(s.mostAsksOfOnePeer).toBe(2);
    expect(s.mostAsks).toBe(6);
    const one = scene();
    const nine = Array.from({ length: 9 }, (_, at) => `${at}`.repeat(16) as PeerId);
    const pieces = await one.heldBy(...nine);
    disk.pieces.clear();
    await complete(one, pieces);
    expect(one.mostAsks).toBe(6);
  });

  test('a liar is told of, asked for nothing more, and its piece comes from the next', async () => {
    const s = scene({ reply: (peer) => ({ ms: 5, kind: peer === ANN ? 'damaged' : 'bytes' }), origin: null });
    await complete(s, await s.heldBy(ANN, BOB));
    // Two wishes were open.
    expect(s.corrupt.map(([, from]) => from)).toEqual([ANN, ANN]);
    expect(s.asked.filter(([peer]) => peer === ANN).length).toBe(2);
  });

  test('when all lie, the origin has it; without one, the error says so', async () => {
    const reply = () => ({ ms: 5, kind: 'damaged' }) as const;
    const s = scene({ reply, gapBytes: 0 });
    await complete(s, await s.heldBy(ANN, BOB));
    expect(s.origin?.sentBytes).toBe(PIECES * BYTES);
    disk.pieces.clear();
    const none = scene({ reply, origin: null });
    const gathering = none.gathering(await none.heldBy(ANN));
    await expect(clock.until(gathering.gather(), 1000)).rejects.toThrow(/20 of 20 .* damaged bytes/);
  });

  test('a peer that refuses some pieces is still asked for others', async () => {
    const s = scene({ reply: (_, id) => ({ ms: 5, kind: id % 4 === 0 ? 'refused' : 'bytes' }) });
    // What it has, nobody else has.
    const pieces = (await s.heldBy(ANN)).map((p) => (p.id % 4 === 0 ? p : { ...p, at: null }));
    await complete(s, pieces);
    for (let id = 0; id < PIECES; id += 4) {
      expect(s.asked.filter(([peer, of]) => peer === ANN && of === id).length).toBeLessThanOrEqual(1);
    }
  });

  test('the only peer that has a piece is asked again after a silence, and given up after three in a row', async () => {
    let silences = 2;
    const s = scene({
      origin: null,
      reply: () => (silences-- > 0 ? { ms: 30_000, kind: 'silent' } : { ms: 5, kind: 'bytes' }),
    });
    await complete(s, await s.heldBy(ANN));
    disk.pieces.clear();
    const dead = scene({ origin: null, reply: () => ({ ms: 30_000, kind: 'silent' }) });
    const gathering = dead.gathering(await dead.heldBy(ANN));
    await expect(clock.until(gathering.gather(), 2 * MINUTE)).rejects.toThrow(/did not send a piece/);
    expect(dead.asked.length).toBeLessThanOrEqual(4);
    await quiet(dead);
  });

  test('when a peer leaves in the middle, the rest comes from the others', async () => {
    const s = scene({ origin: null });
    const gathering = s.gathering(await s.heldBy(ANN, BOB));
    const gathered = gathering.gather();
    await clock.pass(12);
    gathering.peerDown(ANN);
    const before = s.asked.length;
    expect((await clock.until(gathered, MINUTE)).length).toBe(PIECES);
    expect(s.asked.slice(before).map(([peer]) => peer)).not.toContain(ANN);
  });

  test('pieces with the same content are pieces like others', async () => {
    await complete(scene({ seedOf: (id) => id % 3 }));
    disk.pieces.clear();
    const s = scene({ seedOf: (id) => id % 3, origin: null });
    await complete(s, await s.heldBy(ANN));
  });
});

describe('awaited pieces', () => {
  test('are left to the device that fetches them, however long that takes', async () => {
    const s = scene();
    const pieces = s.pieces.map((piece) => ({ ...piece, awaited: true }));
    const gathering = s.gathering(pieces);
    const gathered = gathering.gather();
    for (const { id } of pieces) {
      await clock.pass(4 * MINUTE);
      gathering.told([{ id, hash: await s.hashOf(id), holders: [ANN] }]);
    }
    expect((await clock.until(gathered, MINUTE)).length).toBe(PIECES);
    expect(s.origin?.requests).toBe(0);
    await quiet(s);
  });

  test('are fetched after all when nobody has them any more, or no word comes', async () => {
    const s = scene();
    const gathering = s.gathering(s.pieces.map((piece) => ({ ...piece, awaited: true })));
    const gathered = gathering.gather();
    await clock.pass(1000);
    gathering.told([{ id: 3, hash: null, holders: [] }]);
    await clock.pass(1000);
    expect(s.origin?.sentBytes).toBe(BYTES);
    await clock.until(gathered, 6 * MINUTE);
    expect(s.origin?.sentBytes).toBeGreaterThanOrEqual(PIECES * BYTES);
    await quiet(s);
  });

  test('word that comes while the store is looked through starts nothing that the store has', async () => {
    await complete(scene());
    const s = scene();
    const gathering = s.gathering(s.pieces.map((piece) => ({ ...piece, awaited: true })));
    const gathered = gathering.gather();
    gathering.told(s.pieces.map(({ id }) => ({ id, hash: null, holders: [] })));
    await clock.until(gathered, 1000);
    expect(s.origin?.requests).toBe(0);
    expect(s.held.length).toBe(PIECES);
  });

  test("the room's hash counts more than what this device remembers", async () => {
    await complete(scene({ seedOf: (id) => id + 100 }));
    disk.pieces.clear();
    const s = scene();
    const gathering = s.gathering(s.pieces.map((piece) => ({ ...piece, awaited: true })));
    const gathered = gathering.gather();
    await clock.pass(10);
    const hashes = await Promise.all(s.pieces.map(({ id }) => s.hashOf(id)));
    gathering.told(s.pieces.map(({ id }) => ({ id, hash: hashes[id] ?? null, holders: [BOB] })));
    expect(Buffer.compare(await bytesOf(await clock.until(gathered, MINUTE)), s.pack)).toBe(0);
  });
});

describe('a store', () => {
  test('that is full stops nothing: it is said once, and the rest stays in memory and can be given away', async () => {
    disk = new MemoryShelf(5.5 * BYTES);
    const s = scene();
    await complete(s);
    expect(s.full).toEqual([expect.stringMatching(/at most 27500 bytes/)]);
    expect(disk.pieces.size).toBe(5);
    expect((await s.shelf.peek(await s.hashOf(19)))?.size).toBe(BYTES);
  });

  test('that is full leaves in memory only what the present stage needs', async () => {
    disk = new MemoryShelf(0);
    const s = scene();
    await complete(s);
    s.held.length = 0;
    await clock.until(s.gathering(s.pieces.slice(10)).gather(), MINUTE);
    expect(s.held.length).toBe(10);
    expect(await s.shelf.peek(await s.hashOf(9))).toBeNull();
    expect((await s.shelf.peek(await s.hashOf(10)))?.size).toBe(BYTES);
  });

  test('that fails in every way is as one that is full', async () => {
    const broken = new Error('the disk is on fire');
    const s = scene({
      store: new Proxy(new MemoryPieceStore(disk), {
        get: (store, name) => (name === 'kind' ? store.kind : () => Promise.reject(broken)),
      }),
    });
    await complete(s, await s.heldBy());
    expect(s.full).toEqual(['the disk is on fire']);
  });

  test('knows after a page that died in the middle what it has', async () => {
    const s = scene({ origin: { msPerChunk: 1000 } });
    const dying = s.gathering().gather();
    await clock.pass(45_000);
    // The page is gone: nothing of it runs any more, and its last words were never said.
    const stored = disk.pieces.size;
    expect(stored).toBeGreaterThan(5);
    clock = new VirtualClock(() => new Promise(setImmediate));
    const next = scene();
    await complete(next);
    expect(next.origin?.sentBytes).toBeLessThan((PIECES - stored + 3) * (BYTES + 40));
    dying.catch(() => undefined);
  });
});

describe('in any case', () => {
  test('a stage without pieces is gathered at once', async () => {
    const s = scene({ lengths: [] });
    expect(await clock.until(s.gathering().gather(), 0)).toEqual([]);
    await quiet(s);
  });

  test('a piece that is named twice comes twice into the pack', async () => {
    const s = scene();
    const twice = [...s.pieces.slice(0, 3), ...s.pieces.slice(0, 3)];
    const blobs = await clock.until(s.gathering(twice).gather(), MINUTE);
    const once = s.pack.subarray(0, 3 * BYTES);
    expect(Buffer.compare(await bytesOf(blobs), Buffer.concat([once, once]))).toBe(0);
  });

  test('giving up at any moment ends everything at once, with the reason', async () => {
    const why = new Error('the plan changed');
    let survived = 0;
    for (let ms = 0; survived === 0; ms += 3) {
      disk = new MemoryShelf();
      const s = scene({
        store: new SlowStore(disk, clock),
        reply: () => ({ ms: 11, kind: 'bytes' }),
        origin: { disturb: (nth) => (nth === 2 ? { kind: 'break', after: 500, retry: true } : undefined) },
      });
      const before = new MemoryPieceStore(disk, clock);
      for (const id of [0, 1, 2]) await before.put(await s.hashOf(id), s.bytesOf(id), { label: 'model' });
      const pieces = (await s.heldBy(ANN)).map((p) => (p.id < 8 ? p : { ...p, hash: null, holders: [] }));
      const control = new AbortController();
      const gathered = s.gathering(pieces, control.signal).gather();
      const outcome = gathered.catch((error: unknown) => error);
      await clock.pass(ms);
      control.abort(why);
      const said = [s.held.length, s.progress.length];
      // At once, or with the store's answer.
      if ((await clock.until(outcome, 2)) !== why) survived += 1;
      // What the store was asked for is finished.
      await clock.pass(6);
      await quiet(s);
      expect([s.held.length, s.progress.length]).toEqual(said);
    }
    const late = scene();
    await expect(late.gathering(late.pieces, AbortSignal.abort(why)).gather()).rejects.toBe(why);
    await quiet(late);
  });
});
