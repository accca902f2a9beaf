import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Epoch, PeerId, RequestId } from '../ids.ts';
import { systemClock } from '../mesh/clock.ts';
import { type Activation, RESULT_STAGE } from '../protocol/frame.types.ts';
import type { PlanView } from '../session/state.ts';
import { fromFloat32, tensor } from '../tensor/tensor.ts';
import { Asker } from './asker.ts';

const ME = '00000000000000aa' as PeerId;
const A = '00000000000000bb' as PeerId;
const B = '00000000000000cc' as PeerId;

function plan(epoch: number, ...peers: PeerId[]): PlanView {
  const stages = peers.map((peer, index) => ({
    peer,
    start: index,
    end: index + 1,
    weightBytes: 0,
    sendsBytes: 0,
    predictedMs: 1,
  }));
  return {
    epoch: epoch as Epoch,
    mode: 'everyone',
    blocks: peers.length,
    stages,
    predictedLatencyMs: 1,
    predictedPeriodMs: 1,
    alone: null,
    optimal: true,
    leftOut: [],
    status: 'running',
  };
}

const input = [fromFloat32([2], new Float32Array([1, 2]))];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function asker(): { asker: Asker; sent: { to: PeerId; activation: Activation }[] } {
  const sent: { to: PeerId; activation: Activation }[] = [];
  const forward = async (to: PeerId, activation: Activation): Promise<void> =>
    void sent.push({ to, activation });
  return { asker: new Asker({ me: ME, clock: systemClock, forward, endSequence: () => undefined }), sent };
}

function resultOf(activation: Activation): Activation {
  return { ...activation, stage: RESULT_STAGE, trail: [{ stage: 0, computeMs: 3, queueMs: 0 }] };
}

describe('Asker', () => {
  it('enters requests at the first holder and settles them with the result', async () => {
    const { asker: a, sent } = asker();
    a.setPlan(plan(1, A, B));
    const answer = a.ask(input);
    expect(sent).toMatchObject([{ to: A, activation: { origin: ME, stage: 0, epoch: 1 } }]);
    vi.advanceTimersByTime(25);
    for (const { activation } of sent) a.receive(resultOf(activation));
    const { latencyMs, stages, tensors } = await answer;
    expect(Math.round(latencyMs)).toBe(25);
    expect([stages.length, tensors]).toEqual([1, input]);
    expect(a.open).toBe(0);
  });

  it('waits for a plan, and enters open requests again under the next one', async () => {
    const { asker: a, sent } = asker();
    const answer = a.ask(input);
    expect(sent).toHaveLength(0);
    a.setPlan(plan(1, A));
    const [old] = sent;
    a.setPlan(null);
    a.setPlan(plan(2, B));
    expect(sent.map(({ to }) => to)).toEqual([A, B]);
    if (old) a.receive(resultOf(old.activation));
    expect(a.open).toBe(1);
    const last = sent.at(-1);
    if (last) a.receive(resultOf(last.activation));
    await expect(answer).resolves.toMatchObject({ request: 1 });
  });

  it('keeps at most two requests for each stage in flight, in order', () => {
    const { asker: a, sent } = asker();
    a.setPlan(plan(1, A, B));
    for (let n = 0; n < 10; n++) void a.ask(input).catch(() => undefined);
    expect(sent.map(({ activation }) => activation.request)).toEqual([1, 2, 3, 4]);
    const [first] = sent;
    if (first) a.receive(resultOf(first.activation));
    expect(sent.at(-1)?.activation.request).toBe(5);
  });

  it('answers a request once: a second result of the same number is dropped', async () => {
    const { asker: a, sent } = asker();
    a.setPlan(plan(1, A));
    const answer = a.ask(input);
    const [only] = sent;
    if (only) a.receive(resultOf(only.activation));
    if (only) a.receive({ ...resultOf(only.activation), tensors: [] });
    expect((await answer).tensors).toHaveLength(1);
  });

  it('fails with the stage’s words, by the deadline, or on abort, and never hangs', async () => {
    const { asker: a } = asker();
    a.setPlan(plan(1, A));
    const failing = a.ask(input);
    a.failed(1 as never, 1, 'run', 'out of memory');
    await expect(failing).rejects.toMatchObject({ name: 'RequestFailedError', message: 'out of memory' });
    const silent = a.ask(input);
    const late = expect(silent).rejects.toMatchObject({
      name: 'RequestFailedError',
      data: { step: 'wait for the answer' },
    });
    await vi.advanceTimersByTimeAsync(200_000);
    await late;
    const control = new AbortController();
    const aborted = a.ask(input, { signal: control.signal });
    control.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    expect(a.open).toBe(0);
  });

  it('refuses the 257th waiting request', async () => {
    const { asker: a } = asker();
    for (let n = 0; n < 256; n++) void a.ask(input).catch(() => undefined);
    await expect(a.ask(input)).rejects.toMatchObject({ name: 'OverloadedError' });
  });

  it('refuses inputs that would fill the memory, but for a single one', async () => {
    const { asker: a } = asker();
    const big = [tensor('uint8', [150 * 1024 * 1024], new Uint8Array(150 * 1024 * 1024))];
    void a.ask(big).catch(() => undefined);
    await expect(a.ask(big)).rejects.toMatchObject({
      name: 'OverloadedError',
      data: { step: 'queue a request', actual: `${150 * 1024 * 1024}` },
    });
    void a.ask(input).catch(() => undefined);
    expect(a.open).toBe(2);
  });

  it('enters a request again a second after a link broke under it, and takes one answer only', async () => {
    const { asker: a, sent } = asker();
    a.setPlan(plan(1, A, B));
    const answer = a.ask(input);
    a.failed(1 as RequestId, 1, 'send', 'The link closed.');
    await vi.advanceTimersByTimeAsync(1000);
    expect(sent.map(({ activation }) => activation.request)).toEqual([1, 1]);
    for (const { activation } of sent) a.receive(resultOf(activation));
    await expect(answer).resolves.toMatchObject({ request: 1 });
    expect(a.open).toBe(0);
  });
  it('enters it again once, however often a link is said to be broken, and not under a plan that came meanwhile', async () => {
    const { asker: a, sent } = asker();
    a.setPlan(plan(1, A, B));
    const answer = a.ask(input);
    for (let n = 0; n < 1000; n++) a.hopBroken(1);
    expect(vi.getTimerCount()).toBe(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(sent).toHaveLength(2);
    a.hopBroken(1);
    a.setPlan(plan(2, B));
    await vi.advanceTimersByTimeAsync(5000);
    expect(sent.map(({ activation: { epoch } }) => epoch)).toEqual([1, 1, 2]);
    for (const { activation } of sent) a.receive(resultOf(activation));
    await answer;
  });
});
