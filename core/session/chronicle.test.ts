import { describe, expect, it } from 'vitest';
import type { Epoch, PeerId } from '../ids.ts';
import type { SessionEvent } from './events.ts';
import { initialState, reduce } from './reduce.ts';
import type { DeviceCard, LinkView, PlanView, SessionState, StageView } from './state.ts';

const [ME, PHONE, TABLET] = ['a', 'b', 'c'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId, PeerId];
const NAMES = { [ME]: 'Laptop', [PHONE]: 'Phone', [TABLET]: 'Tablet' };

function card(peer: PeerId, change: Partial<DeviceCard> = {}): DeviceCard {
  const rest = { progress: null, refusal: null, profile: null, hidden: false } as const;
  const name = NAMES[peer] ?? '';
  return { peer, name, browser: 'B', platform: 'P', form: 'phone', status: 'ready', ...rest, ...change };
}

/** Layers of a device in turn: each a peer and how many. */
function plan(epoch: number, layers: readonly (readonly [PeerId, number])[], because?: string): PlanView {
  let at = 0;
  const stages = layers.map(([peer, count]): StageView => {
    const start = at;
    at += count;
    return { peer, start, end: at, weightBytes: 1, sendsBytes: 1, predictedMs: 1 };
  });
  const numbers = { predictedLatencyMs: 1, predictedPeriodMs: 1, alone: null, optimal: true, leftOut: [] };
  const why = because === undefined ? {} : { because };
  return {
    epoch: epoch as Epoch,
    mode: 'everyone',
    blocks: at,
    stages,
    ...numbers,
    ...why,
    status: 'running',
  };
}

const changed = (view: PlanView | null, at: number): SessionEvent => ({
  type: 'PlanChanged',
  plan: view,
  at,
});
const left = (peer: PeerId, reason: string, at: number): SessionEvent => {
  return { type: 'PeerLeft', peer, reason, at };
};
const here: SessionEvent[] = [ME, PHONE, TABLET].map((peer) => ({
  type: 'CardChanged',
  card: card(peer),
  at: 1,
}));

function after(...events: SessionEvent[]): SessionState {
  return [...here, ...events].reduce(reduce, initialState(ME));
}

/** The newest lines first, without those of everybody joining. */
function told(...events: SessionEvent[]): string[] {
  const joined = after().log.length;
  const { log } = after(...events);
  return log.slice(0, log.length - joined).map(({ what, more }) => `${what} ${more}`.trim());
}

const RAN = plan(1, [
  [ME, 4],
  [PHONE, 6],
]);

describe('the log of a room that heals', () => {
  it('tells who was lost, what moved from whom to whom, and how long it took', () => {
    const lines = told(
      changed(RAN, 1000),
      left(PHONE, 'the device left', 5000),
      changed(null, 5010),
      changed({ ...plan(2, [[ME, 10]]), status: 'loading' }, 5500),
      changed(plan(2, [[ME, 10]]), 6800),
      {
        type: 'RoomRecovered',
        peer: PHONE,
        noticeMs: 300,
        planMs: 500,
        loadMs: 1300,
        answerMs: 100,
        redone: 3,
        at: 6900,
      },
    );
    expect(lines.slice(0, 3)).toEqual([
      'Answers come again after 2.2 s. 0.3 s from its last sign until it was missed, 0.5 s to plan, 1.3 s to load layers, 0.1 s until the answer. 3 requests were asked again.',
      '6 layers moved from Phone to Laptop. It took 1.8 s since Phone was missed. Layers now: 10 on Laptop.',
      'Phone was lost. Its page ended without a word.',
    ]);
  });

  it('tells each way of going by its name', () => {
    const ways = ['closed the page', 'You left the room.', 'the device fell silent', 'toString'];
    expect(ways.map((reason) => told(left(PHONE, reason, 2))[0])).toEqual([
      'Phone left. Its page was closed.',
      'Phone left.',
      'Phone was lost. It fell silent: frozen, asleep or out of reach.',
      'Phone left. toString',
    ]);
  });

  it('names each pair where layers move between several, after why', () => {
    const next = plan(
      2,
      [
        [ME, 3],
        [TABLET, 2],
        [PHONE, 5],
      ],
      'Tablet joined: 9 layers moved to Tablet.',
    );
    expect(told(changed(RAN, 1), changed(next, 2))[0]).toBe(
      'Tablet joined: 2 layers moved between the devices. 1 from Laptop to Tablet, 1 from Phone to Tablet. Layers now: 3 on Laptop, 2 on Tablet, 5 on Phone.',
    );
  });

  it('counts no time where the lost device was back first, or another model came', () => {
    const moved = plan(2, [[ME, 10]]);
    const back: SessionEvent = { type: 'CardChanged', card: card(PHONE), at: 6000 };
    const lost = left(PHONE, 'the device left', 5000);
    expect(told(changed(RAN, 1), lost, back, changed(moved, 90_000))[0]).not.toMatch(/took/);
    const none: SessionEvent = { type: 'ModelChanged', model: { kind: 'none' }, at: 6000 };
    const ready = {
      type: 'ModelChanged',
      model: { kind: 'ready', card: { name: 'M', bytes: 1, blocks: 10 } },
      at: 0,
    } as unknown as SessionEvent;
    expect(told(ready, changed(RAN, 1), none, changed(moved, 2))[0]).toBe(
      'One device runs all layers. Layers now: 10 on Laptop.',
    );
  });

  it('does not tell a plan again that was away with its leader', () => {
    expect(told(changed(RAN, 1), changed(null, 2), changed(RAN, 3))).toHaveLength(1);
  });
});

it('tells of the server, tabs in the background, and what was warned of', () => {
  const server = (state: SessionState['server'], at: number): SessionEvent => {
    return { type: 'ServerChanged', server: state, at };
  };
  expect(
    told(
      server('open', 1),
      server('away', 2),
      server('connecting', 3),
      server('away', 3),
      server('connecting', 3),
      server('open', 4),
      { type: 'CardChanged', card: card(PHONE, { hidden: true }), at: 5 },
      { type: 'CardChanged', card: card(PHONE, { hidden: true }), at: 6 },
      { type: 'CardChanged', card: card(PHONE), at: 7 },
      { type: 'NoticeRaised', tone: 'warn', message: 'Phone was set aside.', at: 8 },
      { type: 'NoticeRaised', tone: 'warn', message: 'Phone was set aside.', at: 9 },
    ),
  ).toEqual([
    'Phone was set aside.',
    'Phone is in front again.',
    'Phone is in the background. It may slow down or stop.',
    'The signaling server is back.',
    'The signaling server is away. The room goes on; nobody new can join.',
  ]);
});

it('tells how a device is reached, when that changes', () => {
  const link = (kind: LinkView['kind'], at: number): SessionEvent => {
    return { type: 'LinkChanged', peer: PHONE, link: { kind, rttMs: 1, mbitPerSec: null }, at };
  };
  expect(
    told(link('turn', 1), link('turn', 2), link('relayed', 3), link('turn', 4), link('direct', 5)),
  ).toEqual([
    'Phone is now linked directly.',
    'Phone is reached through a TURN server. No direct way was found.',
    'Phone is reached through the relay. A direct way is still being tried.',
    'Phone is reached through a TURN server. No direct way was found.',
  ]);
});

it('keeps the last 200 lines, each with a number of its own', () => {
  const renames = Array.from({ length: 300 }, (_, at): SessionEvent => {
    return { type: 'CardChanged', card: card(PHONE, { name: `Phone ${at}` }), at };
  });
  const { log } = after(...renames);
  expect(log).toHaveLength(200);
  expect(new Set(log.map(({ id }) => id)).size).toBe(200);
  expect(log[0]?.what).toBe('Phone 298 is now Phone 299.');
});
