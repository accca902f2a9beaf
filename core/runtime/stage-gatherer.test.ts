import { createHash } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import type { Epoch, PeerId, Sha256 } from '../ids.ts';
import type { HeldPiece, LoadStage, StagePiece } from '../protocol/messages.ts';
import type { Progress } from '../session/state.ts';
import type { PieceExchange } from '../weights/exchange.ts';
import { MemoryOrigin, type OriginFault } from '../weights/memory-origin.ts';
import { MemoryPieceStore } from '../weights/memory-piece-store.ts';
import { Shelf } from '../weights/shelf.ts';
import { VirtualClock } from '../weights/virtual-clock.ts';
import type { StageModel } from './stage-executor.ts';
import { StageGatherer } from './stage-gatherer.ts';

const LEADER = 'a'.repeat(16) as PeerId;
const MINUTE = 60_000;
const digest = async (bytes: Uint8Array): Promise<Sha256> =>
  createHash('sha256').update(bytes).digest('hex') as Sha256;
const GRAPH = [new Uint8Array(300).fill(1), new Uint8Array(100).fill(2)];
const FILE = Uint8Array.from({ length: 40_000 }, (_, at) => at % 251);

let clock: VirtualClock;
let fault: OriginFault | undefined;
let held: HeldPiece[][];
let told: { at: number; progress: Progress }[];
let control: AbortController;
let gatherer: StageGatherer;
let graph: LoadStage['graph'];
let origin: MemoryOrigin;
beforeEach(async () => {
  clock = new VirtualClock(() => new Promise(setImmediate));
  fault = undefined;
  held = [];
  told = [];
  control = new AbortController();
  graph = await Promise.all(
    GRAPH.map(async (bytes) => ({ hash: await digest(bytes), length: bytes.byteLength })),
  );
  origin = new MemoryOrigin({
    files: new Map([['', FILE]]),
    clock,
    msPerChunk: 100,
    disturb: () => fault,
  });
  gatherer = new StageGatherer({
    clock,
    shelf: new Shelf(new MemoryPieceStore(), digest),
    exchange: { ask: leaderGives } as unknown as PieceExchange,
    origins: () => origin,
    events: {
      held: (model, pieces) => held.push([...pieces].filter(() => model === 'room-1')),
      corrupt: () => undefined,
      full: () => undefined,
    },
  });
});

const leaderGives: PieceExchange['ask'] = async (peer, hash) => {
  const at = peer === LEADER ? graph.findIndex((piece) => piece.hash === hash) : -1;
  const bytes = GRAPH[at];
  return bytes ? { kind: 'bytes', bytes: bytes.slice() } : { kind: 'refused', reason: 'it is not here' };
};

function stage(change: Partial<StagePiece> = {}): LoadStage {
  const piece = (id: number): StagePiece => ({
    id,
    length: 10_000,
    hash: null,
    at: { file: 0, offset: id * 10_000 },
    holders: [],
    awaited: false,
    ...change,
  });
  return {
    type: 'load-stage',
    epoch: 1 as Epoch,
    stage: 0,
    holders: [],
    model: 'room-1',
    label: 'model',
    shard: '' as Sha256,
    graph,
    reuse: false,
    alongside: false,
    pieces: [0, 1, 2, 3].map(piece),
    origin: origin.card,
    inputs: [],
    outputs: [],
    receives: [],
    sends: [],
    warmUp: [],
  };
}

function gather(terms: LoadStage = stage()): Promise<StageModel> {
  const tell = (progress: Progress): unknown => told.push({ at: clock.now(), progress });
  return gatherer.gather(terms, LEADER, tell, control.signal);
}

test('the graph comes from the leader, the weights from the origin, each as one whole', async () => {
  const { model, weights } = await clock.until(gather(), MINUTE);
  expect(Buffer.compare(model, Buffer.concat(GRAPH))).toBe(0);
  expect(Buffer.compare(Buffer.from(await new Blob([weights ?? '']).arrayBuffer()), FILE)).toBe(0);
  expect(told.at(-1)?.progress).toMatchObject({ bytesDone: 40_400, bytesTotal: 40_400, fraction: 1 });
  await clock.pass(0);
  expect(clock.pending).toBe(0);
});

test('a stage without weights has none', async () => {
  const { model, weights } = await clock.until(gather({ ...stage(), pieces: [] }), MINUTE);
  expect([model.byteLength, weights]).toEqual([400, null]);
});

test('the leader hears of pieces of weights four times a second at most, and of the last at once', async () => {
  await clock.until(gather(), MINUTE);
  expect(held.flat().map(({ id }) => id)).toEqual([0, 1, 2, 3]);
  expect(held.flat().map(({ hash }) => hash)).toEqual(
    await Promise.all([0, 1, 2, 3].map((id) => digest(FILE.subarray(id * 10_000, (id + 1) * 10_000)))),
  );
  // One second for each.
  expect(held.length).toBe(4);
  expect(clock.now()).toBeLessThan(4100);
});

test('what arrived before a failure is told of as well', async () => {
  fault = { kind: 'break', after: 25_000, retry: false };
  await expect(clock.until(gather(), MINUTE)).rejects.toThrow(/2 of 6 pieces/);
  expect(held.flat().map(({ id }) => id)).toEqual([0, 1]);
  await clock.pass(0);
  expect(clock.pending).toBe(0);
});

test('while nothing comes there is a sign of life every 5 s, until it is given up', async () => {
  const gathered = gather(stage({ awaited: true })).catch((error: unknown) => error);
  await clock.pass(MINUTE);
  const gaps = told.slice(1).map(({ at }, index) => at - (told[index]?.at ?? 0));
  expect(Math.max(...gaps)).toBe(5000);
  expect(told.at(-1)?.progress).toMatchObject({ bytesDone: 400 });
  control.abort(new Error('the plan changed'));
  expect(await clock.until(gathered, 0)).toBe(control.signal.reason);
  const count = told.length;
  await clock.pass(MINUTE);
  expect(told.length).toBe(count);
});

test('word for another model is not for this stage', async () => {
  const gathered = gather(stage({ awaited: true }));
  const news = [0, 1, 2, 3].map((id) => ({ id, hash: null, holders: [] }));
  gatherer.told('room-0', news);
  await clock.pass(MINUTE);
  expect(origin.requests).toBe(0);
  gatherer.told('room-1', news);
  await clock.until(gathered, MINUTE);
  expect(origin.sentBytes).toBe(40_000);
});
