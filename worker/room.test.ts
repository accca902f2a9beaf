import { existsSync, readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web/wasm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { blocksOf } from '../core/graph/blocks.ts';
import { memorySource } from '../core/graph/byte-source.ts';
import { initialStates } from '../core/graph/initial-states.ts';
import { modelGraph } from '../core/graph/model-graph.ts';
import { readModel } from '../core/graph/onnx-model.ts';
import { packBlob } from '../core/graph/pack.ts';
import { piecesOf } from '../core/graph/pieces.ts';
import { sampleInputs } from '../core/graph/sample-inputs.ts';
import { makeShard } from '../core/graph/shard.ts';
import type { PeerId } from '../core/ids.ts';
import type { OpenModel } from '../core/runtime/open-model.ts';
import { Sequence } from '../core/runtime/sequence.ts';
import { runStage } from '../core/runtime/stage.ts';
import { StateKeeper } from '../core/runtime/state-keeper.ts';
import { keptTerms, termsAlone } from '../core/runtime/terms.ts';
import { asFloat32, fromFloat32, type Tensor, tensor } from '../core/tensor/tensor.ts';
import { recallManifest } from '../core/weights/manifest.ts';
import type { OriginCard, OriginFactory } from '../core/weights/origin.ts';
import {
  LAPTOP,
  modelOf,
  type Page,
  PHONE,
  RoomUnderTest,
  running,
  TABLET,
  until,
} from './room-under-test.ts';
import { StageWorker } from './stage-worker.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

/** The split run against the uncut model on the same provider: float32 rounding of fused against unfused steps. */
const RELATIVE_TOLERANCE = 1e-4;

const file = new Uint8Array(readFileSync(new URL('../public/models/digits.onnx', import.meta.url)));
const opened = await modelOf('Digits', file);
const { graph, blocks } = opened;
const blob = new Blob([file]);

function image(seed: number): Tensor {
  const values = Float32Array.from({ length: 784 }, (_, i) => ((i * 31 + seed * 97) % 256) / 255);
  return fromFloat32([1, 1, 28, 28], values);
}

const model: OpenModel = { ...opened, sample: () => [image(0)] };

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
    room = new RoomUnderTest(ort);
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
    room = new RoomUnderTest(ort);
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
    const alone = await until('a plan with its reasons', () => {
      const { plan } = laptop.state();
      return plan?.status === 'running' && plan.stages.length === 1 && plan.leftOut.length > 0 && plan;
    });
    expect(alone.stages[0]?.peer).toBe(LAPTOP);
    expect(alone.leftOut[0]).toMatchObject({ peer: PHONE, reason: expect.stringMatching(/would add/) });
  });

  it('answers many requests in flight, each with its own result, though a device leaves in the middle', async () => {
    room = new RoomUnderTest(ort);
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

  it('answers a stream without a gap while plans change: nothing lost, nothing twice, the old one works on meanwhile', async () => {
    room = new RoomUnderTest(ort);
    const laptop = room.join(LAPTOP);
    room.join(PHONE);
    room.join(TABLET);
    await laptop.leader?.open(model);
    await running(laptop, 3);
    const epochs: number[] = [];
    let over = false;
    let asked = 0;
    const lane = async (): Promise<void> => {
      while (!over) {
        const { epoch, tensors } = await laptop.member.asker.ask([image(asked++)]);
        epochs.push(epoch);
        expect(tensors[0]?.dims).toEqual([1, 10]);
        // On one device all happens in this very turn, and nothing else would ever have its own.
        await new Promise((resolve) => setTimeout(resolve));
      }
    };
    const stream = Promise.all([lane(), lane(), lane()]);
    await until('the first answers', () => epochs.length > 10);
    const withoutPlan = vi.fn();
    const looking = setInterval(() => laptop.member.asker.plan ?? withoutPlan(), 1);
    laptop.leader?.setMode('fastest');
    await running(laptop, 1);
    laptop.leader?.setMode('everyone');
    const { epoch: last } = await running(laptop, 3);
    await until('answers under the last plan', () => epochs.at(-1) === last);
    clearInterval(looking);
    over = true;
    await stream;
    expect(epochs).toHaveLength(asked);
    expect(new Set(epochs).size).toBe(3);
    expect(withoutPlan).not.toHaveBeenCalled();
  });

  it('gives many answers by copies of the whole, each from the device that was asked', async () => {
    room = new RoomUnderTest(ort);
    const laptop = room.join(LAPTOP);
    const phone = room.join(PHONE);
    const tablet = room.join(TABLET);
    laptop.leader?.setMode('most');
    await laptop.leader?.open(model);
    const plan = await until('a plan of copies', () => {
      const { plan } = laptop.state();
      return (
        plan?.status === 'running' && plan.stages.length === 1 && plan.stages[0]?.copies?.length === 2 && plan
      );
    });
    expect(plan.predictedPeriodMs).toBeLessThan(plan.predictedLatencyMs);
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, seed) => laptop.member.asker.ask([image(seed % 3)])),
    );
    const items = [laptop, phone, tablet].map(({ member }) => member.host.meter.sample(0).items);
    expect(items.reduce((sum, each) => sum + each, 0)).toBe(30);
    expect(Math.min(...items)).toBeGreaterThan(0);
    const wholes = await Promise.all(
      [0, 1, 2].map((seed) => inOneTab([{ start: 0, end: blocks.count }], image(seed))),
    );
    for (const [at, { tensors }] of results.entries()) {
      expect([...(tensors[0] ? asFloat32(tensors[0]) : [])]).toEqual([...(wholes[at % 3] ?? [])]);
    }
  });

  it('keeps the first and the last layers with the leader where it is told to, so that the middle sees neither end', async () => {
    room = new RoomUnderTest(ort);
    const laptop = room.join(LAPTOP);
    room.join(PHONE);
    laptop.leader?.setRules({ pinnedIn: [PHONE], pinnedOut: [], endsAtHome: true, batteryFloor: 0 });
    await laptop.leader?.open(model);
    const { stages } = await running(laptop, 3);
    expect(stages.map(({ peer }) => peer)).toEqual([LAPTOP, PHONE, LAPTOP]);
    const [out] = (await laptop.member.asker.ask([image(4)])).tensors;
    expect([...(out ? asFloat32(out) : [])]).toEqual([...(await inOneTab(stages, image(4)))]);
  });

  it('widens the chain when a device joins while it runs', async () => {
    room = new RoomUnderTest(ort);
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

  it('fetches each byte of the weights from the origin once, and nothing on the next visit', async () => {
    const sent = { bytes: 0 };
    const weights = piecesOf(graph, blocks).all.reduce((sum, { length }) => sum + length, 0);
    const visit = async (stores: RoomUnderTest['stores']): Promise<Float32Array> => {
      room = new RoomUnderTest(ort);
      for (const [peer, store] of stores) room.stores.set(peer, store);
      room.origins = originOf(sent);
      const laptop = room.join(LAPTOP);
      room.join(PHONE);
      room.join(TABLET);
      // As a page opens it: with what earlier visits of the leader learned of the pieces.
      const manifest = await recallManifest(room.storeOf(LAPTOP), CARD);
      const hashes = piecesOf(graph, blocks).all.map(({ offset, length }) =>
        manifest.hashOf({ file: 0, offset, length }),
      );
      await laptop.leader?.open({ ...published, hashes });
      await running(laptop, 3);
      const [out] = (await laptop.member.asker.ask([image(3)])).tensors;
      if (hashes.includes(null)) {
        await until('the page to remember', async () => {
          const { hashOf } = await recallManifest(room.storeOf(LAPTOP), CARD);
          const [piece] = piecesOf(graph, blocks).all;
          return piece && hashOf({ file: 0, offset: piece.offset, length: piece.length });
        });
      }
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
    room = new RoomUnderTest(ort);
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

const SHARED = new URL('../../shared/models/', import.meta.url);

/** A shared model, opened for inputs of these sizes. */
async function sharedModel(path: string, dims: Readonly<Record<string, number>>): Promise<OpenModel> {
  const bytes = new Uint8Array(readFileSync(new URL(path, SHARED)));
  const own = modelGraph(await readModel(memorySource(bytes)));
  const parts = blocksOf(own);
  const { inputs, outputs } = own;
  const states = initialStates(inputs, parts.states, dims).map(({ input, output }) => ({ input, output }));
  const card = { ...model.card, name: path, blocks: parts.count, inputs, outputs, states, dims };
  const file = new Blob([bytes]);
  const sample = (): readonly Tensor[] => sampleInputs(inputs, dims, 1);
  return { ...model, card, graph: own, blocks: parts, blobOf: () => file, sample };
}

const longs = (dims: readonly number[], values: readonly number[]): Tensor =>
  tensor('int64', dims, new Uint8Array(BigInt64Array.from(values, BigInt).buffer));

/** What a decoder is fed beside its past: tokens that follow `before` others. */
function tokens(ids: readonly number[], before: number): readonly Tensor[] {
  const all = before + ids.length;
  const positions = ids.map((_, index) => before + index);
  return [
    longs([1, ids.length], ids),
    longs([1, all], Array(all).fill(1)),
    longs([1, ids.length], positions),
  ];
}

/** The likeliest token after the last one. */
function likeliest(logits: Tensor | undefined): number {
  const [, count = 0, vocabulary = 0] = logits?.dims ?? [];
  const last = logits ? asFloat32(logits).subarray((count - 1) * vocabulary) : new Float32Array();
  return last.indexOf(last.reduce((best, value) => Math.max(best, value), Number.NEGATIVE_INFINITY));
}

/** Greedy decoding, a token at a time. */
async function* decode(sequence: Sequence, prompt: readonly number[]): AsyncGenerator<number, never> {
  let before = 0;
  for (let next = prompt; ; ) {
    const { tensors } = await sequence.run(tokens(next, before));
    before += next.length;
    next = [likeliest(tensors[0])];
    yield next[0] ?? -1;
  }
}

async function take<T>(source: AsyncGenerator<T, never>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) taken.push((await source.next()).value);
  return taken;
}

describe.skipIf(!existsSync(SHARED))('sequences in a room (skipped where ../shared is missing)', () => {
  const DECODER = 'stories260k/model.onnx';
  const SIZES = { batch_size: 1, sequence_length: 1, past_sequence_length: 16, total_sequence_length: 17 };
  const EXPECTED = JSON.parse(readFileSync(new URL('stories260k/expected_greedy.json', SHARED), 'utf8')) as {
    readonly prompt_ids: readonly number[];
    readonly ids: readonly number[];
  }[];
  const [ONCE, LILY] = EXPECTED.map(({ prompt_ids: prompt, ids }) => ({
    prompt,
    after: ids.slice(prompt.length),
  }));
  if (!ONCE || !LILY) throw new Error('two prompts are expected');

  async function roomOfThree(opened: OpenModel): Promise<{ laptop: Page; phone: Page; tablet: Page }> {
    room = new RoomUnderTest(ort);
    const laptop = room.join(LAPTOP);
    const phone = room.join(PHONE);
    const tablet = room.join(TABLET);
    await laptop.leader?.open(opened);
    await running(laptop, 3);
    await running(phone, 3);
    return { laptop, phone, tablet };
  }

  /** Bytes of all activations that went over links since the last call. */
  function activationBytes(): () => number {
    const spies = room.pages.map(({ mesh }) => vi.spyOn(mesh, 'send'));
    return () => {
      const frames = spies.flatMap(({ mock }) => mock.calls).filter(([, kind]) => kind === 'activation');
      for (const spy of spies) spy.mockClear();
      return frames.flatMap(([, , parts]) => parts).reduce((sum, { byteLength }) => sum + byteLength, 0);
    };
  }

  it('a decoder over three devices writes the expected text, and its past crosses no link', async () => {
    const { laptop } = await roomOfThree(await sharedModel(DECODER, SIZES));
    const sequence = new Sequence(laptop.member.asker);
    const text = decode(sequence, ONCE.prompt);
    expect(await take(text, 21)).toEqual(ONCE.after.slice(0, 21));
    const bytes = activationBytes();
    await take(text, 5);
    const perStep = bytes() / 5;
    expect(perStep).toBeGreaterThan(0);

    // A plain run of the same step: 25 tokens are past, and cross with it.
    const past = Array.from({ length: 10 }, () => fromFloat32([1, 4, 25, 8], new Float32Array(800)));
    const plain = await laptop.member.asker.ask([...tokens([7], 25), ...past]);
    expect(plain.tensors.map(({ dims }) => dims)).toEqual([
      [1, 1, 512],
      ...Array.from({ length: 10 }, () => [1, 4, 26, 8]),
    ]);
    expect(perStep).toBeLessThan(bytes() / 4);
  });

  it('sequences of two devices do not mix, nor with plain runs between them', async () => {
    const { laptop, phone } = await roomOfThree(await sharedModel(DECODER, SIZES));
    const texts = [
      decode(new Sequence(laptop.member.asker), ONCE.prompt),
      decode(new Sequence(phone.member.asker), LILY.prompt),
      decode(new Sequence(laptop.member.asker), LILY.prompt),
    ];
    const empty = Array.from({ length: 10 }, () => fromFloat32([1, 4, 0, 8], new Float32Array()));
    const plain = async (): Promise<number[]> => {
      const ids: number[] = [];
      while (ids.length < 10) {
        const { tensors } = await laptop.member.asker.ask([...tokens(ONCE.prompt, 0), ...empty]);
        ids.push(likeliest(tensors[0]));
      }
      return ids;
    };
    const [ids, ...written] = await Promise.all([plain(), ...texts.map((text) => take(text, 10))]);
    expect(written).toEqual([ONCE, LILY, LILY].map(({ after }) => after.slice(0, 10)));
    expect(new Set(ids)).toEqual(new Set(ONCE.after.slice(0, 1)));
  });

  it('a sequence that its layers moved away from says so, and a new one works', async () => {
    const { laptop, tablet } = await roomOfThree(await sharedModel(DECODER, SIZES));
    const text = decode(new Sequence(laptop.member.asker), ONCE.prompt);
    await take(text, 3);
    tablet.member.close('closed the page');
    await running(laptop, 2);
    const moved = { name: 'RequestFailedError', data: { step: 'state' } };
    await expect(text.next()).rejects.toMatchObject({
      ...moved,
      message: expect.stringMatching(/layers moved/),
    });
    const again = decode(new Sequence(laptop.member.asker), ONCE.prompt);
    expect(await take(again, 3)).toEqual(ONCE.after.slice(0, 3));
  });

  it('what ends is freed on the other devices, as is what a device that leaves had begun', async () => {
    const { laptop, phone } = await roomOfThree(await sharedModel(DECODER, SIZES));
    // All layers are here, so that the plan does not change when the phone leaves.
    laptop.leader?.setMode('fastest');
    await running(phone, 1);
    const { host } = laptop.member;
    const kept = async (): Promise<number> => (await host.memory()).bufferBytes;
    const before = await kept();
    const freed = async (): Promise<void> => {
      const limit = performance.now() + 5000;
      while ((await kept()) > before && performance.now() < limit)
        await new Promise((go) => setTimeout(go, 10));
      expect(await kept()).toBe(before);
    };
    const sequence = new Sequence(phone.member.asker);
    await take(decode(sequence, ONCE.prompt), 2);
    expect((await kept()) - before).toBe(10 * 4 * 6 * 8 * 4);
    sequence.end();
    await freed();
    await expect(sequence.run(tokens([1], 0))).rejects.toMatchObject({ data: { step: 'state' } });
    await take(decode(new Sequence(phone.member.asker), ONCE.prompt), 2);
    expect(await kept()).toBeGreaterThan(before);
    phone.member.close('closed the page');
    await freed();
  });

  it('a cut where a later stage reads what the kept state was made into gives the expected text too', async () => {
    const { graph: decoder, blocks: parts, blobOf } = await sharedModel(DECODER, SIZES);
    const executor = new StageWorker(async (options) => ({ ort, options }));
    await executor.open({ provider: 'wasm', threads: 1 });
    const states = initialStates(decoder.inputs, parts.states, SIZES);
    const readers = Array.from({ length: parts.count }, (_, block) => block).filter((block) => {
      const { inputs } = makeShard(decoder, parts, block, block + 1);
      return inputs.some(({ name }) => name.startsWith('present.'));
    });
    expect(readers.length).toBeGreaterThan(0);
    for (const cut of readers) {
      const shards = [makeShard(decoder, parts, 0, cut), makeShard(decoder, parts, cut, parts.count)];
      const stages = await Promise.all(
        shards.map(async (shard, index) => {
          const { model: bytes, inputs, outputs } = shard;
          const weights = packBlob(shard.weights, blobOf ?? (() => new Blob()));
          const handle = await executor.load({ model: bytes, weights, inputs, outputs });
          const kept = keptTerms(shards, index, states);
          const terms = { ...termsAlone(shard), ...(kept ? { kept } : {}) };
          return {
            stage: { terms, executor, handle },
            keeper: new StateKeeper({ drop: (kept) => executor.drop(kept) }),
          };
        }),
      );
      const written: number[] = [];
      for (let step = 0, next = ONCE.prompt, before = 0; step < 4; step++) {
        let tensors = tokens(next, before);
        for (const { stage, keeper } of stages) {
          const run = { origin: LAPTOP, sequence: 1, step };
          tensors = (await runStage(stage, tensors, { runs: [run], keeper })).tensors;
        }
        before += next.length;
        next = [likeliest(tensors[0])];
        written.push(...next);
        expect(tensors).toHaveLength(1);
      }
      expect(written).toEqual(ONCE.after.slice(0, 4));
      for (const { stage } of stages) await executor.release(stage.handle);
    }
    executor.close();
  });

  it('a state whose shape is fixed is kept from zeros: Silero, whole on one device', async () => {
    const sound = (step: number): Tensor =>
      fromFloat32(
        [1, 512],
        Float32Array.from({ length: 512 }, (_, at) => Math.sin(at * (step + 1) * 0.05)),
      );
    const rate = longs([], [16_000]);
    let state = fromFloat32([2, 1, 128], new Float32Array(256));
    const silero = await sharedModel('silero_vad.onnx', {});
    const opened = { ...silero, sample: () => [sound(0), state, rate] };
    expect(opened.card.states).toEqual([{ input: 'state', output: 'stateN' }]);
    room = new RoomUnderTest(ort);
    const laptop = room.join(LAPTOP);
    await laptop.leader?.open(opened);
    await running(laptop, 1);
    const { asker } = laptop.member;
    const sequence = new Sequence(asker);
    for (let step = 0; step < 3; step++) {
      const plain = await asker.ask([sound(step), state, rate]);
      const { tensors } = await sequence.run([sound(step), rate]);
      expect(tensors).toEqual(plain.tensors.slice(0, 1));
      state = plain.tensors[1] ?? state;
    }
  });

  it('states that the whole model reads and makes go with the runs: GTCRN over two devices', async () => {
    const opened = await sharedModel('gtcrn_simple.onnx', {});
    expect(opened.card.states).toEqual([]);
    room = new RoomUnderTest(ort);
    const laptop = room.join(LAPTOP);
    room.join(PHONE);
    await laptop.leader?.open(opened);
    await running(laptop, 2);
    const { asker } = laptop.member;
    const plain = await asker.ask(opened.sample({}));
    expect(plain.tensors).toHaveLength(4);
    expect((await new Sequence(asker).run(opened.sample({}))).tensors).toEqual(plain.tensors);
  });
});
