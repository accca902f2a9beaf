import { describe, expect, it } from 'vitest';
import type { Epoch, PeerId } from '../ids.ts';
import type { SessionEvent } from './events.ts';
import { initialState, reduce } from './reduce.ts';
import type { DeviceCard, PlanView, SessionState } from './state.ts';

const ME = '00000000000000aa' as PeerId;
const PHONE = '00000000000000bb' as PeerId;

function card(peer: PeerId, change: Partial<DeviceCard> = {}): DeviceCard {
  return {
    peer,
    name: peer === ME ? 'Laptop' : 'Phone',
    browser: 'Chrome',
    platform: 'Android',
    form: 'phone',
    status: 'ready',
    progress: null,
    refusal: null,
    profile: null,
    hidden: false,
    ...change,
  };
}

function stateAfter(...events: SessionEvent[]): SessionState {
  return events.reduce(reduce, initialState(ME));
}

const joined: SessionEvent[] = [
  { type: 'CardChanged', card: card(ME), at: 1 },
  { type: 'CardChanged', card: card(PHONE), at: 2 },
];

const plan: PlanView = {
  epoch: 1 as Epoch,
  mode: 'everyone',
  blocks: 10,
  stages: [
    { peer: ME, start: 0, end: 6, weightBytes: 1, sendsBytes: 1, predictedMs: 1 },
    { peer: PHONE, start: 6, end: 10, weightBytes: 1, sendsBytes: 1, predictedMs: 1 },
  ],
  predictedLatencyMs: 2,
  predictedPeriodMs: 1,
  alone: null,
  optimal: true,
  leftOut: [],
  status: 'loading',
};

describe('reduce', () => {
  it('gives each device a colour of its own and keeps it when another leaves', () => {
    const state = stateAfter(...joined, {
      type: 'CardChanged',
      card: card('00000000000000cc' as PeerId),
      at: 3,
    });
    expect(state.devices.map((device) => device.colour)).toEqual([1, 2, 3]);
    const left = reduce(state, { type: 'PeerLeft', peer: PHONE, reason: 'closed the page', at: 4 });
    expect(left.devices.map((device) => device.colour)).toEqual([1, 3]);
    const back = reduce(left, { type: 'CardChanged', card: card(PHONE), at: 5 });
    expect(back.devices.map((device) => device.colour)).toEqual([1, 3, 2]);
  });

  it('keeps one minute of load reports', () => {
    const load = {
      at: 0,
      busy: 0.5,
      msPerItem: 1,
      queue: 0,
      items: 1,
      bytesIn: 0,
      bytesOut: 0,
      busyMs: 0,
      memoryBytes: 0,
      peakMemoryBytes: 0,
    };
    let state = stateAfter(...joined);
    for (let at = 0; at < 100; at++)
      state = reduce(state, { type: 'LoadReported', peer: PHONE, load: { ...load, at } });
    expect(state.devices[1]?.history).toHaveLength(60);
    expect(state.devices[1]?.history.at(-1)?.at).toBe(99);
  });

  it('logs what people would tell each other: who joined, who left, how layers are shared', () => {
    const state = stateAfter(
      ...joined,
      { type: 'PlanChanged', plan, at: 3 },
      { type: 'PlanChanged', plan: { ...plan, status: 'running' }, at: 4 },
      { type: 'PeerLeft', peer: PHONE, reason: 'closed the page', at: 5 },
    );
    expect(state.log.map((entry) => entry.what)).toEqual([
      'Phone left.',
      '2 devices share 10 layers.',
      'Phone joined.',
    ]);
    expect(state.log[1]?.more).toBe('Layers now: 6 on Laptop, 4 on Phone.');
  });

  it('logs a plan once, however often it is told', () => {
    const running: SessionEvent = { type: 'PlanChanged', plan: { ...plan, status: 'running' }, at: 4 };
    expect(
      stateAfter(...joined, running, running, running).log.filter((entry) => entry.what.includes('share')),
    ).toHaveLength(1);
  });

  it('drops the plan with the model and when the leader is lost', () => {
    const planned = stateAfter(
      ...joined,
      { type: 'RoomEntered', leader: PHONE, at: 1 },
      { type: 'PlanChanged', plan, at: 3 },
    );
    expect(reduce(planned, { type: 'ModelChanged', model: { kind: 'none' }, at: 4 }).plan).toBeNull();
    const lost = reduce(planned, { type: 'LeaderLost', at: 4 });
    expect([lost.plan, lost.phase.kind]).toEqual([null, 'leaderless']);
  });

  it('does not stack the same notice', () => {
    const notice: SessionEvent = { type: 'NoticeRaised', tone: 'warn', message: 'once', at: 1 };
    const state = stateAfter(notice, notice);
    expect(state.notices).toHaveLength(1);
    expect(reduce(state, { type: 'NoticeDismissed', id: state.notices[0]?.id ?? 0 }).notices).toHaveLength(0);
  });

  it('follows a request to its answer or its failure', () => {
    const asked = stateAfter({ type: 'RequestAsked', id: 7, label: 'drawing', at: 1 });
    expect(asked.requests[0]?.status).toBe('running');
    const answered = reduce(asked, {
      type: 'RequestAnswered',
      id: 7,
      latencyMs: 12,
      epoch: 3 as Epoch,
      stages: [],
    });
    expect(answered.requests[0]).toMatchObject({ status: 'done', latencyMs: 12, epoch: 3 });
    const failed = reduce(asked, { type: 'RequestFailed', id: 7, message: 'gone', at: 2 });
    expect(failed.requests[0]).toMatchObject({ status: 'failed', message: 'gone' });
  });
});

describe('a plan that runs is told in the log', () => {
  const told = (view: PlanView): string => {
    const at = { type: 'PlanChanged', plan: { ...view, status: 'running' }, at: 3 } as const;
    const [line] = stateAfter(...joined, at).log;
    return `${line?.what} ${line?.more}`;
  };

  it('with the layers of each device, two stages of one counted together', () => {
    const [first, second] = plan.stages;
    if (!first || !second) throw new Error('the plan has no stages');
    expect(told(plan)).toBe('2 devices share 10 layers. Layers now: 6 on Laptop, 4 on Phone.');
    const stages = [
      { ...first, end: 2 },
      { ...second, start: 2, end: 7 },
      { ...first, start: 7, end: 10 },
    ];
    expect(told({ ...plan, stages })).toBe('2 devices share 10 layers. Layers now: 5 on Laptop, 5 on Phone.');
  });

  it('with those that hold the same layers', () => {
    const whole = { peer: ME, start: 0, end: 10, weightBytes: 1, sendsBytes: 1, predictedMs: 1 };
    expect(told({ ...plan, stages: [{ ...whole, copies: [{ peer: PHONE, predictedMs: 2 }] }] })).toBe(
      '2 devices hold all layers each and share the answers. Layers now: 10 on Laptop, 10 on Phone.',
    );
    expect(told({ ...plan, stages: [whole] })).toBe('One device runs all layers. Layers now: 10 on Laptop.');
  });

  it('with why it replaced the one before', () => {
    expect(told({ ...plan, because: 'Phone slowed down: 2 layers moved to Laptop.' })).toBe(
      'Phone slowed down: 2 layers moved to Laptop. Layers now: 6 on Laptop, 4 on Phone.',
    );
  });
});
