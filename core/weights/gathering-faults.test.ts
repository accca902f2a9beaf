import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FetchError } from '../errors.ts';
import type { PeerId, Sha256 } from '../ids.ts';
import { GatheringScene, type PeerReply } from './gathering-scene.ts';
import type { OriginFault } from './memory-origin.ts';
import { MemoryPieceStore, MemoryShelf } from './memory-piece-store.ts';
import { VirtualClock } from './virtual-clock.ts';

const RUNS = 150;
/** Ten silences of 30 s, five minutes of waiting, and the pauses of an origin that gains a piece now and then. */
const BOUND_MS = 3_600_000;
const PEERS = ['a', 'b', 'c'].map((x) => x.repeat(16) as PeerId);

const digest = async (bytes: Uint8Array): Promise<Sha256> =>
  createHash('sha256').update(bytes).digest('hex') as Sha256;

const someFault: fc.Arbitrary<OriginFault | undefined> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('break' as const),
      after: fc.nat(9000),
      retry: fc.constant(true),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('short' as const), after: fc.nat(9000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('damage' as const), after: fc.nat(9000) }) },
);
const someReply: fc.Arbitrary<PeerReply> = fc.record({
  ms: fc.oneof(fc.nat(20), fc.constant(30_000)),
  kind: fc.constantFrom('bytes', 'bytes', 'damaged', 'refused', 'silent'),
});
/** Where a piece is at the beginning: awaited pieces are told of later, unless the word is lost. */
const somePiece = fc.record({
  length: fc.integer({ min: 1, max: 3000 }),
  seed: fc.nat(5),
  holders: fc.subarray(PEERS),
  isKnown: fc.boolean(),
  isStored: fc.nat(4).map((n) => n === 0),
  isAwaited: fc.nat(3).map((n) => n === 0),
  told: fc.option(fc.nat(60_000)),
});
const someTrouble = fc.record({
  pieces: fc.array(somePiece, { maxLength: 16 }),
  gapBytes: fc.constantFrom(0, 40, 5000),
  hasOrigin: fc.nat(4).map((n) => n > 0),
  /** Of requests to the origin, in turn; after them all goes well, or the last goes on for ever. */
  faults: fc.array(someFault, { maxLength: 12 }),
  isBrokenForGood: fc.nat(5).map((n) => n === 0),
  replies: fc.array(someReply, { minLength: 1, maxLength: 12 }),
  storeBytes: fc.constantFrom(0, 5000, Number.POSITIVE_INFINITY),
  leaves: fc.option(fc.record({ peer: fc.constantFrom(...PEERS), ms: fc.nat(40_000) })),
  abort: fc.option(fc.nat(40_000), { freq: 5 }),
});

test('whatever goes wrong, a gathering ends in time, whole and true, or says what is missing', async () => {
  const outcomes = { whole: 0, missing: 0, aborted: 0 };
  await fc.assert(
    fc.asyncProperty(someTrouble, async (trouble) => {
      const { pieces, faults, isBrokenForGood, replies, gapBytes } = trouble;
      const clock = new VirtualClock(() => new Promise(setImmediate));
      const disk = new MemoryShelf();
      let replied = 0;
      const scene = new GatheringScene({
        clock,
        digest,
        store: new MemoryPieceStore(disk, clock),
        lengths: pieces.map(({ length }) => length),
        seedOf: (id) => pieces[id]?.seed ?? 0,
        gapBytes,
        origin: trouble.hasOrigin
          ? { disturb: (nth) => faults[isBrokenForGood ? Math.min(nth, faults.length) - 1 : nth - 1] }
          : null,
        reply: () => replies[replied++ % replies.length] ?? { ms: 1, kind: 'bytes' },
      });
      for (const [id, { isStored }] of pieces.entries()) {
        if (isStored) await scene.shelf.keep('model', await scene.hashOf(id), scene.bytesOf(id));
      }
      Object.defineProperty(disk, 'capacityBytes', { value: trouble.storeBytes });
      const stage = await Promise.all(
        scene.pieces.map(async (piece, id) => {
          const { holders = [], isKnown = true, isAwaited = false } = pieces[id] ?? {};
          // Without a hash nobody can tell damaged bytes from others: the first fetcher of a piece is believed.
          const hash = isKnown || !mayTrust(faults) ? await scene.hashOf(id) : null;
          return { ...piece, hash, holders: hash ? holders : [], awaited: isAwaited };
        }),
      );
      const control = new AbortController();
      const gathering = scene.gathering(stage, control.signal);
      const gathered = gathering.gather();
      for (const [id, { told, holders }] of pieces.entries()) {
        const hash = await scene.hashOf(id);
        if (told !== null) clock.setTimeout(() => gathering.told([{ id, hash, holders }]), told);
      }
      const { leaves, abort } = trouble;
      if (leaves) clock.setTimeout(() => gathering.peerDown(leaves.peer), leaves.ms);
      if (abort !== null) clock.setTimeout(() => control.abort(new Error('the plan changed')), abort);

      const outcome = await clock.until(
        gathered.catch((error: unknown) => error),
        BOUND_MS,
      );
      // What was held was held to be true, whatever came of the rest.
      for (const [id, hash] of scene.held) expect(hash).toBe(await scene.hashOf(id));
      expect(new Set(scene.held.map(([id]) => id)).size).toBe(scene.held.length);
      expect(scene.progress).toEqual([...scene.progress].sort((a, b) => a - b));
      expect(Math.max(0, ...scene.progress)).toBeLessThanOrEqual(scene.totalBytes);
      expect(scene.mostAsks).toBeLessThanOrEqual(6);
      if (Array.isArray(outcome)) {
        outcomes.whole += 1;
        expect(Buffer.compare(Buffer.from(await new Blob(outcome).arrayBuffer()), scene.pack)).toBe(0);
        expect(scene.held.length).toBe(pieces.length);
      } else if (control.signal.aborted) {
        outcomes.aborted += 1;
        expect(outcome).toBe(control.signal.reason);
      } else {
        outcomes.missing += 1;
        expect(outcome).toBeInstanceOf(FetchError);
        const { message } = outcome as FetchError;
        expect(message).toContain(`${pieces.length - scene.held.length} of ${pieces.length} pieces`);
      }
      await clock.pass(BOUND_MS);
      expect(clock.pending).toBe(0);
      expect(scene.origin?.open ?? 0).toBe(0);
    }),
    { numRuns: RUNS, seed: 20 },
  );
  expect(Math.min(...Object.values(outcomes))).toBeGreaterThan(5);
});

function mayTrust(faults: readonly (OriginFault | undefined)[]): boolean {
  return faults.every((fault) => fault?.kind !== 'damage');
}
