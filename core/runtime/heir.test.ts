import { expect, test } from 'vitest';
import type { PeerId, Sha256 } from '../ids.ts';
import { EXAMPLES } from '../protocol/control-examples.ts';
import { encodeInheritance } from '../protocol/parse-inheritance.ts';
import { VirtualClock } from '../weights/virtual-clock.ts';
import { Heir, type HeirOptions } from './heir.ts';
import './inheritance.ts';

const clock = new VirtualClock(() => new Promise((resolve) => setImmediate(resolve)));
const OTHER = 'b'.repeat(16) as PeerId;
const piece = (id: number) => ({
  id,
  hash: String(id).repeat(64) as Sha256,
  length: 1,
  holders: [OTHER],
});

function heirWith(change: Partial<HeirOptions>): { heir: Heir; kept: number[] } {
  const kept: number[] = [];
  const heir = new Heir({
    clock,
    fetch: async () => new Blob(),
    has: async () => true,
    ready: () => undefined,
    keeps: (_model, { id }) => void kept.push(id),
    ...change,
  });
  return { heir, kept };
}

test('weights come from whoever has them, and what cannot be had now is asked for again', async () => {
  const asked: [Sha256 | undefined, readonly PeerId[] | undefined][] = [];
  let away = true;
  const { heir, kept } = heirWith({
    fetch: async ([wanted], _label, _signal, owners) => {
      asked.push([wanted?.hash, owners]);
      if (away && wanted?.hash === piece(1).hash) throw new Error('the link broke');
      return new Blob();
    },
  });
  void heir.keep('m', 'M', [piece(1), piece(2)]);
  await clock.pass(100);
  expect(kept).toEqual([2]);
  expect(asked[0]).toEqual([piece(1).hash, [OTHER]]);
  away = false;
  await clock.pass(2000);
  expect(kept).toContain(1);
});

test('a device that can store nothing more keeps nothing more', async () => {
  const asked: (Sha256 | undefined)[] = [];
  const { heir, kept } = heirWith({
    fetch: async ([wanted]) => {
      asked.push(wanted?.hash);
      return new Blob();
    },
    has: async (hash) => hash === piece(1).hash,
  });
  await heir.keep('m', 'M', [1, 2, 3, 4, 5, 6, 7, 8, 9].map(piece));
  expect(kept).toEqual([1]);
  expect(asked).not.toContain(piece(9).hash);
});

test('several pieces are on their way at once, and never more than four', async () => {
  const under: (() => void)[] = [];
  const { heir, kept } = heirWith({
    fetch: () => new Promise((resolve) => under.push(() => resolve(new Blob()))),
  });
  void heir.keep('m', 'M', [1, 2, 3, 4, 5, 6].map(piece));
  await clock.pass(10);
  expect(under).toHaveLength(4);
  under.shift()?.();
  await clock.pass(10);
  expect(under).toHaveLength(4);
  for (const arrive of under) arrive();
  await clock.pass(10);
  expect(under).toHaveLength(5);
  under[4]?.();
  await clock.pass(10);
  expect(kept.toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
});

test('another wish takes the place of the one before', async () => {
  let open = (): void => undefined;
  const first = new Promise<Blob>((resolve) => {
    open = () => resolve(new Blob());
  });
  const { heir, kept } = heirWith({
    fetch: ([wanted]) => (wanted?.hash === piece(1).hash ? first : Promise.resolve(new Blob())),
  });
  const before = heir.keep('m', 'M', [piece(1), piece(2)]);
  await heir.keep('m', 'M', [piece(3)]);
  open();
  await before;
  expect(kept).toEqual([3]);
});

test('it is ready with the spare weights of the last wish, and not before', async () => {
  const under: (() => void)[] = [];
  const ready: (string | null)[] = [];
  const { heir } = heirWith({
    fetch: ([wanted]) =>
      wanted?.hash === piece(9).hash
        ? Promise.resolve(new Blob([legacy()]))
        : new Promise((resolve) => under.push(() => resolve(new Blob()))),
    ready: (key) => ready.push(key),
  });
  void heir.keep('m', 'M', [piece(1)]);
  void heir.told({ type: 'legacy', key: 'k', label: 'M', pieces: [piece(9)] });
  await clock.pass(100);
  void heir.keep('m', 'M', [piece(2)]);
  under[0]?.();
  await clock.pass(100);
  expect(ready).toEqual([]);
  under[1]?.();
  await clock.pass(100);
  expect(ready).toEqual(['k']);
});

function legacy(): Uint8Array<ArrayBuffer> {
  const { model } = EXAMPLES.model;
  if (!model) throw new Error('the example has a model');
  const { encoder: _, ...card } = model;
  const calibration = {
    blockMs: [],
    boundaryBytes: [],
    blockWeightBytes: [],
    blockWorkspaceBytes: [],
    blockTensorBytes: [],
    boundarySamples: [],
    estimated: [],
    wholeMs: null,
  };
  const bytes = encodeInheritance({
    card,
    origin: null,
    hashes: [],
    calibration,
    benchMs: 1,
    times: [],
    files: [],
  });
  return bytes ?? new Uint8Array();
}
