import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BoundaryTensor } from '../graph/shard.types.ts';
import type { Epoch, PeerId, RequestId, Sha256 } from '../ids.ts';
import { systemClock } from '../mesh/clock.ts';
import { type Activation, RESULT_STAGE } from '../protocol/frame.types.ts';
import type { LoadStage } from '../protocol/messages.ts';
import type { PlanView } from '../session/state.ts';
import { asFloat32, fromFloat32 } from '../tensor/tensor.ts';
import { FakeExecutor, type FakeExecutorOptions } from './fake-executor.ts';
import { fakeStage } from './fake-stage.ts';
import type { StageModel } from './stage-executor.ts';
import { StageHost } from './stage-host.ts';
import type { Gather } from './stage-loading.ts';

const HERE = '00000000000000aa' as PeerId;
const NEXT = '00000000000000bb' as PeerId;
const ASKER = '00000000000000cc' as PeerId;

const x: BoundaryTensor = { name: 'x', dtype: 'float32', dims: [2] };
const y: BoundaryTensor = { name: 'y', dtype: 'float32', dims: [2] };
const passes: BoundaryTensor = { name: 'passes', dtype: 'float32', dims: [2] };
const MODEL = fakeStage([{ add: 1 }, { mul: 2 }]);

function terms(change: Partial<LoadStage> = {}): LoadStage {
  return {
    type: 'load-stage',
    epoch: 1 as Epoch,
    stage: 0,
    holders: [[{ peer: HERE, ms: 1 }], [{ peer: NEXT, ms: 1 }]],
    model: 'm',
    label: 'A model',
    shard: 'a'.repeat(64) as Sha256,
    graph: [],
    reuse: false,
    alongside: false,
    pieces: [],
    origin: null,
    inputs: [x],
    outputs: [y],
    receives: [x, passes],
    sends: [passes, y],
    warmUp: [],
    ...change,
  };
}

function activation(request: number, change: Partial<Activation> = {}): Activation {
  const shared = new Float32Array([1, 2, 30, 40]);
  return {
    epoch: 1 as Epoch,
    origin: ASKER,
    request: request as RequestId,
    sequence: 0,
    step: 0,
    microBatch: 0,
    microBatches: 1,
    stage: 0,
    trail: [],
    // Two tensors in one buffer, as a frame delivers them.
    tensors: [fromFloat32([2], shared.subarray(0, 2)), fromFloat32([2], shared.subarray(2))],
    ...change,
  };
}

function host(fake: FakeExecutorOptions = {}, gather: Gather = fromTheShelf) {
  const events: string[] = [];
  const sent: { to: PeerId; activation: Activation }[] = [];
  const it = new StageHost({
    gather,
    executors: () => new FakeExecutor({ clock: systemClock, ...fake }),
    runtime: () => ({ provider: 'wasm', threads: 1 }),
    clock: systemClock,
    events: {
      progress: (_, progress) =>
        void events.push(progress ? `${progress.step} ${progress.bytesDone}` : 'idle'),
      ready: ({ epoch, stage }) => void events.push(`ready ${epoch}/${stage}`),
      failed: (_, step, message) => void events.push(`failed ${step}: ${message}`),
      forward: async (to, each) => void sent.push({ to, activation: each }),
      ran: () => undefined,
      requestFailed: ({ request }, step) => void events.push(`request ${request} failed at ${step}`),
    },
  });
  return { host: it, events, sent };
}

const fromTheShelf: Gather = async ({ inputs, outputs }) => ({
  model: MODEL,
  weights: null,
  inputs,
  outputs,
});

async function loaded(fake: FakeExecutorOptions = {}, change: Partial<LoadStage> = {}) {
  const all = host(fake);
  all.host.prepare(terms(change));
  await vi.advanceTimersByTimeAsync(0);
  return all;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('StageHost', () => {
  it('tells how far the parts of its stage are, loads them, and says ready', async () => {
    let arrive: (model: StageModel) => void = () => undefined;
    const all = host({}, (_, tell) => {
      tell({ step: 'Receiving its layers', fraction: 0.5, bytesDone: 7 });
      return new Promise((resolve) => {
        arrive = resolve;
      });
    });
    all.host.prepare(terms());
    await vi.advanceTimersByTimeAsync(0);
    expect(all.events).toEqual(['Receiving its layers 7']);
    arrive({ model: MODEL, weights: null, inputs: [x], outputs: [y] });
    await vi.advanceTimersByTimeAsync(0);
    expect(all.events.slice(-2)).toEqual(['idle', 'ready 1/0']);
  });

  it('stops gathering when other terms come, and does not load what arrives then', async () => {
    const signals: AbortSignal[] = [];
    let arrive: (model: StageModel) => void = () => undefined;
    const all = host({}, (_, __, signal) => {
      signals.push(signal);
      return new Promise((resolve) => {
        arrive = resolve;
      });
    });
    all.host.prepare(terms());
    const first = arrive;
    all.host.prepare(terms({ epoch: 2 as Epoch }));
    first({ model: MODEL, weights: null, inputs: [x], outputs: [y] });
    await vi.advanceTimersByTimeAsync(0);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(all.events.some((event) => event.startsWith('ready'))).toBe(false);
  });

  it('says which stages of a plan that is said to run it does not hold', async () => {
    const { host: it } = await loaded();
    const plan = {
      epoch: 1 as Epoch,
      status: 'running',
      stages: [{ peer: HERE }, { peer: NEXT }, { peer: HERE }],
    } as unknown as PlanView;
    expect(it.lacking(plan, HERE)).toEqual([2]);
    expect(it.lacking({ ...plan, epoch: 2 as Epoch }, HERE)).toEqual([0, 2]);
    expect(it.lacking({ ...plan, status: 'loading' }, HERE)).toEqual([]);
  });

  it('runs, lets values pass through beside the outputs, and hands on to the next holder with its times', async () => {
    const { host: it, sent } = await loaded();
    it.accept(activation(1));
    await vi.advanceTimersByTimeAsync(1);
    expect(sent[0]?.to).toBe(NEXT);
    expect(sent[0]?.activation).toMatchObject({ stage: 1, request: 1, trail: [{ stage: 0 }] });
    expect(sent[0]?.activation.tensors.map((t) => [...asFloat32(t)])).toEqual([
      [30, 40],
      [4, 6],
    ]);
  });

  it('returns the result of the last stage to whoever asked', async () => {
    const { host: it, sent } = await loaded(
      {},
      { stage: 1, holders: [[{ peer: NEXT, ms: 1 }], [{ peer: HERE, ms: 1 }]] },
    );
    it.accept(activation(1, { stage: 1 }));
    await vi.advanceTimersByTimeAsync(1);
    expect(sent[0]).toMatchObject({ to: ASKER, activation: { stage: RESULT_STAGE } });
  });

  it('drops frames of another epoch or stage', async () => {
    const { host: it } = await loaded();
    expect(it.accept(activation(1, { epoch: 2 as Epoch }))).toBe(false);
    expect(it.accept(activation(1, { stage: 1 }))).toBe(false);
  });

  it('refuses the 65th waiting item instead of growing', async () => {
    const { host: it, events } = await loaded({ msPerOp: 10 });
    for (let request = 1; request <= 66; request++) it.accept(activation(request));
    expect(events).toContain('request 66 failed at queue');
    expect(it.queue).toBe(65);
  });

  it('a device that fills the inbox loses its last item to another one, and waits its turn', async () => {
    const { host: it, events, sent } = await loaded({ msPerOp: 10 });
    for (let request = 1; request <= 80; request++) it.accept(activation(request));
    it.accept(activation(500, { origin: HERE }));
    it.accept(activation(501, { origin: HERE }));
    expect(events).toContain('request 65 failed at queue');
    expect(events).toContain('request 64 failed at queue');
    expect(events).not.toContain('request 500 failed at queue');
    await vi.advanceTimersByTimeAsync(85);
    expect(sent.map(({ activation: { request } }) => request)).toEqual([1, 500, 2, 501]);
  });

  it('takes new terms for the same shard without loading again, and refuses to reuse what it does not hold', async () => {
    const { host: it, events } = await loaded();
    it.prepare(terms({ epoch: 2 as Epoch, reuse: true }));
    expect(events.at(-1)).toBe('ready 2/0');
    expect(it.accept(activation(1, { epoch: 2 as Epoch }))).toBe(true);
    it.prepare(terms({ epoch: 3 as Epoch, reuse: true, shard: 'b'.repeat(64) as Sha256 }));
    expect(events.at(-1)).toMatch(/^failed reuse/);
  });

  it('tells who asked when the runtime fails, and goes on with the next item', async () => {
    const {
      host: it,
      events,
      sent,
    } = await loaded({ disturb: (step, nth) => (step === 'run' && nth === 1 ? 'fail' : undefined) });
    it.accept(activation(1));
    it.accept(activation(2));
    await vi.advanceTimersByTimeAsync(1);
    expect(events).toContain('request 1 failed at run');
    expect(sent.map(({ activation: { request } }) => request)).toEqual([2]);
  });

  it('reports a stage that does not load, or hangs, and gives its memory back', async () => {
    const failing = await loaded({ disturb: (step) => (step === 'create' ? 'fail' : undefined) });
    expect(failing.events.at(-1)).toMatch(/^failed load/);
    const hanging = await loaded({ disturb: (step) => (step === 'create' ? 'hang' : undefined) });
    await vi.advanceTimersByTimeAsync(121_000);
    expect(hanging.events.at(-1)).toMatch(/^failed load: The runtime did not finish/);
    expect((await hanging.host.memory()).heapBytes).toBe(0);
  });

  it('gives up a stage whose worker broke, and says so, so that the leader finds another place', async () => {
    const { host: it, events } = await loaded({ disturb: (step) => (step === 'run' ? 'hang' : undefined) });
    it.accept(activation(1));
    await vi.advanceTimersByTimeAsync(121_000);
    expect(events.slice(-2)).toEqual(['request 1 failed at watchdog', expect.stringMatching(/^failed run/)]);
    expect((await it.memory()).heapBytes).toBe(0);
  });

  it('closes an executor that is still loading when other terms come', async () => {
    const { host: it, events } = await loaded({
      disturb: (step) => (step === 'create' ? 'hang' : undefined),
    });
    it.release();
    expect(events.at(-1)).toBe('idle');
    await vi.advanceTimersByTimeAsync(200_000);
    expect(events.some((event) => event.startsWith('failed'))).toBe(false);
  });

  describe('in a sequence', () => {
    const state: BoundaryTensor = { name: 'state', dtype: 'float32', dims: [2] };
    const next: BoundaryTensor = { name: 'stateN', dtype: 'float32', dims: [2] };
    /** Each run makes (s + 1) * 2 of the state, which a later stage reads, so that it is also sent. */
    const keeping: Partial<LoadStage> = {
      inputs: [x, state],
      outputs: [y, next],
      receives: [x, state],
      sends: [y, next, state],
      kept: {
        states: [{ input: 'state', output: 'stateN', initial: [2] }],
        unreceived: ['state'],
        unsent: ['state'],
      },
    };
    const step = (n: number, change: Partial<Activation> = {}): Activation =>
      activation(n + 1, {
        sequence: 1,
        step: n,
        tensors: [fromFloat32([2], new Float32Array([1, 2]))],
        ...change,
      });
    type Sent = Awaited<ReturnType<typeof loaded>>['sent'];
    const states = (sent: Sent): (number | undefined)[] =>
      sent.map(({ activation: { tensors } }) => tensors[1] && asFloat32(tensors[1])[0]);

    it('feeds each run the state that the one before made, for each peer its own', async () => {
      const { host: it, sent } = await loaded({}, keeping);
      for (const n of [0, 1, 2]) it.accept(step(n));
      it.accept(step(0, { origin: NEXT }));
      await vi.advanceTimersByTimeAsync(1);
      expect(states(sent)).toEqual([2, 2, 6, 14]);
      expect(sent.map(({ activation: { tensors } }) => tensors.length)).toEqual([2, 2, 2, 2]);
      expect((await it.memory()).bufferBytes).toBe(2 * 8);
      it.endSequence(ASKER, 1);
      it.forget(NEXT);
      await vi.advanceTimersByTimeAsync(1);
      expect((await it.memory()).bufferBytes).toBe(0);
    });

    it('refuses a run whose state is lost: by a run that failed, an end, or other terms', async () => {
      const disturb = (what: string, nth: number): 'fail' | undefined =>
        what === 'run' && nth === 2 ? 'fail' : undefined;
      const { host: it, events, sent } = await loaded({ disturb }, keeping);
      for (const n of [0, 1, 1]) it.accept(step(n));
      await vi.advanceTimersByTimeAsync(1);
      expect(events.slice(-2)).toEqual(['request 2 failed at run', 'request 2 failed at state']);
      it.accept(step(0));
      await vi.advanceTimersByTimeAsync(1);
      it.endSequence(ASKER, 1);
      it.accept(step(1));
      await vi.advanceTimersByTimeAsync(1);
      expect(events.at(-1)).toBe('request 2 failed at state');
      it.accept(step(0, { sequence: 2 }));
      await vi.advanceTimersByTimeAsync(1);
      it.prepare(terms({ ...keeping, epoch: 2 as Epoch, reuse: true }));
      it.accept(step(1, { epoch: 2 as Epoch, sequence: 2 }));
      await vi.advanceTimersByTimeAsync(1);
      expect(events.at(-1)).toBe('request 2 failed at state');
      expect(states(sent)).toEqual([2, 2, 2]);
    });

    it('does not keep what a run under older terms makes', async () => {
      const { host: it } = await loaded({ msPerOp: 10 }, keeping);
      it.accept(step(0));
      it.prepare(terms({ ...keeping, epoch: 2 as Epoch, reuse: true }));
      await vi.advanceTimersByTimeAsync(100);
      expect((await it.memory()).bufferBytes).toBe(0);
    });

    it('gives a plain run all inputs and takes all outputs', async () => {
      const { host: it, sent } = await loaded({}, keeping);
      it.accept(step(0));
      it.accept(activation(2));
      await vi.advanceTimersByTimeAsync(1);
      expect(sent[1]?.activation.tensors.map((t) => [...asFloat32(t)])).toEqual([
        [4, 6],
        [62, 82],
        [30, 40],
      ]);
      it.accept(step(1));
      await vi.advanceTimersByTimeAsync(1);
      expect(states(sent).at(-1)).toBe(6);
    });
  });

  it('tells the leader what could not be gathered', async () => {
    const { host: it, events } = host({}, () => Promise.reject(new Error('nobody has piece 3')));
    it.prepare(terms());
    await vi.advanceTimersByTimeAsync(0);
    expect(events.at(-1)).toBe('failed receive its layers: nobody has piece 3');
  });
});
