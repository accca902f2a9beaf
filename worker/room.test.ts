import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web/wasm';
import { afterEach, describe, expect, it } from 'vitest';
import { blocksOf } from '../core/graph/blocks.ts';
import { memorySource } from '../core/graph/byte-source.ts';
import { modelGraph } from '../core/graph/model-graph.ts';
import { readModel } from '../core/graph/onnx-model.ts';
import { packBlob } from '../core/graph/pack.ts';
import { piecesOf } from '../core/graph/pieces.ts';
import { makeShard } from '../core/graph/shard.ts';
import type { PeerId } from '../core/ids.ts';
import { systemClock } from '../core/mesh/clock.ts';
import { MemoryDialler } from '../core/mesh/memory-dial.ts';
import { MemoryRoom } from '../core/mesh/memory-rendezvous.ts';
import { Mesh } from '../core/mesh/mesh.ts';
import { Leader, type OpenModel } from '../core/runtime/leader.ts';
import { Member } from '../core/runtime/member.ts';
import { runStage } from '../core/runtime/stage.ts';
import { termsAlone } from '../core/runtime/terms.ts';
import type { SessionEvent } from '../core/session/events.ts';
import { initialState, reduce } from '../core/session/reduce.ts';
import type { DeviceCard, PlanView, SessionState } from '../core/session/state.ts';
import { asFloat32, fromFloat32, type Tensor } from '../core/tensor/tensor.ts';
import { subtleDigest } from '../core/weights/digest.ts';
import { MemoryPieceStore } from '../core/weights/memory-piece-store.ts';
import type { OriginCard, OriginFactory } from '../core/weights/origin.ts';
import type { PieceStore } from '../core/weights/piece-store.ts';
import { Shelf } from '../core/weights/shelf.ts';
import { StageWorker } from './stage-worker.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

/** The split run against the uncut model on the same provider: float32 rounding of fused against unfused steps. */
const RELATIVE_TOLERANCE = 1e-4;

const [LAPTOP, PHONE, TABLET] = ['a', 'b', 'c'].map((x) => x.repeat(16) as PeerId) as [
  PeerId,
  PeerId,
  PeerId,
];

interface Page {
  readonly peer: PeerId;
  readonly mesh: Mesh;
  readonly member: Member;
  readonly leader: Leader | undefined;
  state(): SessionState;
  /** What the signaling server's welcome does in a browser. */
  entered(leader: PeerId): void;
}

class RoomUnderTest {
  readonly stores = new Map<PeerId, PieceStore>();
  readonly rendezvous: MemoryRoom = new MemoryRoom(systemClock, { delayMs: 1 });
  readonly dialler: MemoryDialler = new MemoryDialler(systemClock, { delayMs: 1, mbitPerSec: 400 });
  readonly pages: Page[] = [];
  origins: OriginFactory = () => {
    throw new Error('this room has no origin');
  };

  join(peer: PeerId, { benchMs = 10 }: { benchMs?: number } = {}): Page {
    const executors = () => new StageWorker(async (options) => ({ ort, options }));
    const runtime = () => ({ provider: 'wasm', threads: 1 }) as const;
    let state = initialState(peer);
    const emit = (event: SessionEvent): void => {
      state = reduce(state, event);
    };
    const clock = systemClock;
    const mesh = new Mesh({
      me: peer,
      rendezvous: this.rendezvous.join(peer),
      dial: this.dialler.dial,
      clock,
      random32: () => Math.floor(Math.random() * 2 ** 32),
      report: (_, error) => {
        throw error;
      },
    });
    const member = new Member({
      network: mesh,
      clock,
      executors,
      runtime,
      shelf: new Shelf(this.storeOf(peer), subtleDigest(crypto.subtle)),
      origins: this.origins,
      emit,
      card: cardOf(peer, benchMs),
    });
    const leader = peer === LAPTOP ? new Leader({ member, network: mesh, clock, runtime, emit }) : undefined;
    if (!leader) member.follow(LAPTOP);
    const entered = (by: PeerId): void => emit({ type: 'RoomEntered', leader: by, at: 0 });
    const page = { peer, mesh, member, leader, state: () => state, entered };
    this.pages.push(page);
    return page;
  }

  /** What a device keeps over its visits. */
  storeOf(peer: PeerId): PieceStore {
    const store = this.stores.get(peer) ?? new MemoryPieceStore();
    this.stores.set(peer, store);
    return store;
  }

  close(): void {
    for (const page of this.pages) {
      page.leader?.close();
      page.member.close('the test ended');
    }
  }
}

function cardOf(peer: PeerId, benchMs: number): DeviceCard {
  return {
    peer,
    name: peer.slice(0, 1),
    browser: 'Node',
    platform: 'Linux',
    form: 'server',
    status: 'ready',
    progress: null,
    refusal: null,
    profile: {
      provider: 'wasm',
      threads: 1,
      runtime: 'wasm',
      benchMs,
      tried: [],
      memoryBytes: 1e9,
      adapter: null,
    },
    hidden: false,
  };
}

const file = new Uint8Array(readFileSync(new URL('../public/models/digits.onnx', import.meta.url)));
const graph = modelGraph(await readModel(memorySource(file)));
const blocks = blocksOf(graph);
const blob = new Blob([file]);

function image(seed: number): Tensor {
  const values = Float32Array.from({ length: 784 }, (_, i) => ((i * 31 + seed * 97) % 256) / 255);
  return fromFloat32([1, 1, 28, 28], values);
}

const model: OpenModel = {
  card: {
    name: 'Digits',
    about: '',
    source: 'bundled',
    bytes: file.byteLength,
    weightBytes: 0,
    nodes: graph.nodes.length,
    blocks: blocks.count,
    uncuttable: null,
    inputs: graph.inputs,
    outputs: graph.outputs,
    dims: {},
    task: { kind: 'tensors' },
  },
  graph,
  blocks,
  blobOf: () => blob,
  atHand: new Map(),
  origin: null,
  hashes: [],
  sample: () => [image(0)],
};

const CARD: OriginCard = {
  url: 'https://models.test/digits.onnx',
  files: [{ name: '', bytes: file.byteLength, validator: '"1"' }],
};
/** The same model, whose weights nobody has but the server. */
const published: OpenModel = { ...model, blobOf: null, origin: CARD };

/** Serves ranges of the model file, and counts. */
function originOf(sent: { bytes: number }): OriginFactory {
  return () => ({
    async *read(_, offset, length) {
      for (let at = offset; at < offset + length; at += 5000) {
        const chunk = file.slice(at, Math.min(at + 5000, offset + length));
        sent.bytes += chunk.byteLength;
        yield chunk;
      }
    },
  });
}

async function until<T>(what: string, get: () => T | undefined | null | false, seconds = 15): Promise<T> {
  const limit = performance.now() + seconds * 1000;
  for (;;) {
    const found = get();
    if (found) return found;
    if (performance.now() > limit) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function running(page: Page, stages: number): Promise<PlanView> {
  return until(`a running plan of ${stages} stages`, () => {
    const { plan } = page.state();
    return plan?.status === 'running' && plan.stages.length === stages && plan;
  });
}

/** Runs [start, end) ranges one after another in a single executor, without any mesh. */
async function inOneTab(
  ranges: readonly { start: number; end: number }[],
  input: Tensor,
): Promise<Float32Array> {
  const executor = new StageWorker(async (options) => ({ ort, options }));
  await executor.open({ provider: 'wasm', threads: 1 });
  let tensors: readonly Tensor[] = [{ ...input, data: input.data.slice() }];
  for (const { start, end } of ranges) {
    const shard = makeShard(graph, blocks, start, end);
    const weights = shard.weightBytes > 0 ? packBlob(shard.weights, () => blob) : null;
    const handle = await executor.load({
      model: shard.model,
      weights,
      inputs: shard.inputs,
      outputs: shard.outputs,
    });
    tensors = (await runStage({ terms: termsAlone(shard), executor, handle }, tensors)).tensors;
  }
  const [out] = tensors;
  if (!out) throw new Error('no output');
  const values = asFloat32(out).slice();
  executor.close();
  return values;
}

let room: RoomUnderTest;
afterEach(() => room.close());

describe('a room on memory links with ONNX Runtime Web', () => {
  it('shares the model among everybody, and the split result is that of the same stages in one tab', async () => {
    room = new RoomUnderTest();
    const laptop = room.join(LAPTOP);
    const phone = room.join(PHONE, { benchMs: 20 });
    room.join(TABLET);
    await laptop.leader?.open(model);
    const plan = await running(laptop, 3);
    expect(plan.stages.map((stage) => stage.peer).toSorted()).toEqual([LAPTOP, PHONE, TABLET]);
    expect(plan.stages.at(-1)?.end).toBe(blocks.count);
    await running(phone, 3);
    for (const asker of [laptop, phone]) {
      const { tensors, stages } = await asker.member.asker.ask([image(5)]);
      const [out] = tensors;
      const split = out && asFloat32(out);
      expect([...(split ?? [])]).toEqual([...(await inOneTab(plan.stages, image(5)))]);
      const whole = await inOneTab([{ start: 0, end: blocks.count }], image(5));
      const scale = Math.max(...whole.map(Math.abs));
      for (const [i, value] of whole.entries()) {
        expect(Math.abs((split?.[i] ?? Number.NaN) - value) / scale).toBeLessThan(RELATIVE_TOLERANCE);
      }
      expect(stages.map(({ stage }) => stage)).toEqual([0, 1, 2]);
    }
  });

  it('gives a device that is slower fewer layers, and leaves devices out where one alone is fastest', async () => {
    room = new RoomUnderTest();
    const laptop = room.join(LAPTOP);
    room.join(PHONE, { benchMs: 40 });
    await laptop.leader?.open(model);
    const { stages } = await running(laptop, 2);
    /** A stage's share of the work, in the laptop's time: the phone is four times slower. */
    const work = (peer: PeerId, slower: number): number =>
      stages
        .filter((stage) => stage.peer === peer)
        .reduce((sum, stage) => sum + stage.predictedMs / slower, 0);
    expect(work(LAPTOP, 1)).toBeGreaterThan(2 * work(PHONE, 4));
    laptop.leader?.setMode('fastest');
    const alone = await running(laptop, 1);
    expect(alone.stages[0]?.peer).toBe(LAPTOP);
    expect(alone.leftOut[0]).toMatchObject({ peer: PHONE, reason: expect.stringMatching(/would add/) });
  });

  it('answers many requests in flight, each with its own result, though a device leaves in the middle', async () => {
    room = new RoomUnderTest();
    const laptop = room.join(LAPTOP);
    const phone = room.join(PHONE);
    room.join(TABLET);
    await laptop.leader?.open(model);
    await running(laptop, 3);
    const asked = Array.from({ length: 24 }, (_, seed) => laptop.member.asker.ask([image(seed)]));
    await asked[3];
    phone.member.close('closed the page');
    const results = await Promise.all(asked);
    expect((await running(laptop, 2)).stages.some((stage) => stage.peer === PHONE)).toBe(false);
    const whole = await Promise.all(
      [0, 23].map((seed) => inOneTab([{ start: 0, end: blocks.count }], image(seed))),
    );
    for (const [at, seed] of [0, 23].entries()) {
      const [out] = results[seed]?.tensors ?? [];
      const split = out ? [...asFloat32(out)] : [];
      expect(split).toHaveLength(10);
      for (const [i, value] of split.entries()) expect(value).toBeCloseTo(whole[at]?.[i] ?? Number.NaN, 3);
    }
  });

  it('widens the chain when a device joins while it runs', async () => {
    room = new RoomUnderTest();
    const laptop = room.join(LAPTOP);
    await laptop.leader?.open(model);
    await running(laptop, 1);
    room.join(PHONE);
    const plan = await running(laptop, 2);
    expect(plan.epoch).toBeGreaterThan(1);
    await expect(laptop.member.asker.ask([image(1)])).resolves.toMatchObject({
      tensors: [{ dims: [1, 10] }],
    });
    const names = laptop.state().log.map((entry) => entry.what);
    expect(names).toContain('b joined.');
  });

  it('waits, with its open questions, when the leader goes, and answers them when it is back', async () => {
    room = new RoomUnderTest();
    const laptop = room.join(LAPTOP);
    const phone = room.join(PHONE);
    await laptop.leader?.open(model);
    await running(phone, 2);
    phone.entered(LAPTOP);
    laptop.leader?.close();
    laptop.member.close('closed the page');
    await until('the loss of the leader', () => phone.state().phase.kind === 'leaderless');
    const asked = phone.member.asker.ask([image(9)]);
    const back = room.join(LAPTOP);
    await back.leader?.open(model);
    const whole = await inOneTab([{ start: 0, end: blocks.count }], image(9));
    const [out] = (await asked).tensors;
    for (const [i, value] of (out ? asFloat32(out) : []).entries())
      expect(value).toBeCloseTo(whole[i] ?? Number.NaN, 3);
    expect(phone.state().phase.kind).toBe('open');
  });

  it('fetches each byte of the weights from the origin once, and nothing on the next visit', async () => {
    const sent = { bytes: 0 };
    const weights = piecesOf(graph, blocks).all.reduce((sum, { length }) => sum + length, 0);
    const visit = async (stores: RoomUnderTest['stores']): Promise<Float32Array> => {
      room = new RoomUnderTest();
      for (const [peer, store] of stores) room.stores.set(peer, store);
      room.origins = originOf(sent);
      const laptop = room.join(LAPTOP);
      room.join(PHONE);
      room.join(TABLET);
      await laptop.leader?.open(published);
      await running(laptop, 3);
      const [out] = (await laptop.member.asker.ask([image(3)])).tensors;
      return out ? asFloat32(out) : new Float32Array();
    };
    const whole = await inOneTab([{ start: 0, end: blocks.count }], image(3));
    for (const [i, value] of (await visit(new Map())).entries()) {
      expect(value).toBeCloseTo(whole[i] ?? Number.NaN, 3);
    }
    expect(sent.bytes / weights).toBeGreaterThanOrEqual(1);
    expect(sent.bytes / weights).toBeLessThan(1.02);
    const { stores } = room;
    room.close();
    sent.bytes = 0;
    await visit(stores);
    expect(sent.bytes).toBe(0);
  });

  it('gives a piece that a device has to the next one that needs it', async () => {
    const sent = { bytes: 0 };
    room = new RoomUnderTest();
    room.origins = originOf(sent);
    const laptop = room.join(LAPTOP);
    await laptop.leader?.open(published);
    await running(laptop, 1);
    const alone = sent.bytes;
    room.join(PHONE);
    await running(laptop, 2);
    expect(sent.bytes).toBe(alone);
  });
});
