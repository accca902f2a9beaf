import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { stillness } from '../../e2e/explore/stillness.ts';
import { ToyExecutor } from '../../e2e/explore/toy-executor.ts';
import { toyStream, WIDTH } from '../../e2e/explore/toy-models.ts';
import { modelOf } from '../../worker/room-under-test.ts';
import type { PeerId, Sha256 } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import { MemoryDialler } from '../mesh/memory-dial.ts';
import { MemoryRoom } from '../mesh/memory-rendezvous.ts';
import { Mesh } from '../mesh/mesh.ts';
import { decide, tell } from '../plan/planner.ts';
import type { Planner } from '../plan/question.ts';
import type { SessionEvent } from '../session/events.ts';
import { initialState, reduce } from '../session/reduce.ts';
import type { SessionState } from '../session/state.ts';
import { fromFloat32 } from '../tensor/tensor.ts';
import type { Span } from '../trace/span.ts';
import { MemoryPieceStore } from '../weights/memory-piece-store.ts';
import { Shelf } from '../weights/shelf.ts';
import { VirtualClock } from '../weights/virtual-clock.ts';
import { Leader } from './leader.ts';
import { Member } from './member.ts';
import type { RoomTrace, TraceDesk } from './trace-desk.ts';

const IDS = ['a', 'b', 'c'].map((x) => x.repeat(16) as PeerId);
/** How far each device's clock is off, in ms. */
const SKEWS = [0, 7_300, -4_100];
/** There and back are as unequal as that. */
const [THERE_MS, BACK_MS] = [5, 1];
const REQUESTS = 12;
const digest = async (bytes: Uint8Array): Promise<Sha256> =>
  createHash('sha256').update(bytes).digest('hex') as Sha256;
const planner: Planner = {
  decide: async (asked) => decide(asked),
  tell: async (asked, plan) => tell(asked, plan),
};

/** A clock that shows another time, and ticks alike. */
function skewed(clock: Clock, ms: number): Clock {
  return {
    now: () => clock.now() + 1_000_000 + ms,
    setTimeout: (run, after) => clock.setTimeout(run, after),
    clearTimeout: (timer) => clock.clearTimeout(timer),
  };
}

interface Device {
  readonly member: Member;
  readonly leader: Leader | undefined;
  readonly events: SessionEvent[];
  state(): SessionState;
}

// Loaded on demand in the product; here it must be there at once, as everything else.
await import('./tracing.ts');

const clock = new VirtualClock(stillness);
let devices: Device[] = [];
let dialler: MemoryDialler;

function join(peer: PeerId, room: MemoryRoom, skewMs: number): Device {
  const own = skewed(clock, skewMs);
  const network = new Mesh({
    me: peer,
    rendezvous: room.join(peer),
    dial: dialler.dial,
    clock: own,
    random32: () => Math.floor(Math.random() * 2 ** 32),
    report: (_, error) => {
      throw error;
    },
  });
  let state = initialState(peer);
  const events: SessionEvent[] = [];
  const emit = (event: SessionEvent): void => {
    events.push(event);
    state = reduce(state, event);
  };
  const runtime = () => ({ provider: 'wasm', threads: 1 }) as const;
  const profile = {
    ...runtime(),
    runtime: 'wasm' as const,
    benchMs: 10,
    tried: [],
    memoryBytes: 1e9,
    adapter: null,
  };
  let leader: Leader | undefined;
  const about = { name: peer.slice(0, 1), browser: 'Node', platform: 'Linux', form: 'computer' } as const;
  const member: Member = new Member({
    network,
    clock: own,
    executors: () => new ToyExecutor(own, 0.5),
    runtime,
    shelf: new Shelf(new MemoryPieceStore(), digest),
    origins: () => {
      throw new Error('no origin');
    },
    emit,
    card: { peer, ...about, status: 'ready', progress: null, refusal: null, profile, hidden: false },
    online: () => true,
    led: (term) => {
      leader =
        term === null ? undefined : new Leader({ member, network, clock: own, planner, runtime, emit, term });
    },
  });
  member.entered(IDS[0] ?? peer, devices.length);
  const device = {
    member,
    get leader() {
      return leader;
    },
    events,
    state: () => state,
  };
  devices.push(device);
  return device;
}

async function until(what: string, found: () => unknown): Promise<void> {
  const end = clock.now() + 60_000;
  while (!found()) {
    if (clock.now() > end) throw new Error(`waited for ${what}`);
    await clock.pass(20);
  }
}

/** A room of three at work: the last one asks. */
async function atWork(): Promise<Device> {
  dialler = new MemoryDialler(clock, { delayMs: THERE_MS, back: { delayMs: BACK_MS }, mbitPerSec: 400 });
  const room = new MemoryRoom(clock, { delayMs: 2 });
  for (const [at, peer] of IDS.entries()) {
    join(peer, room, SKEWS[at] ?? 0);
    await clock.pass(200);
  }
  const [first] = devices;
  const asker = devices.at(-1);
  if (!first?.leader || !asker) throw new Error('nobody leads');
  void first.leader.open(await modelOf('toy', toyStream()));
  await until('three stages', () => {
    const { plan } = asker.state();
    return plan?.status === 'running' && plan.stages.length === 3;
  });
  // Clocks are read often enough by then.
  await clock.pass(3000);
  return asker;
}

const input = () => [fromFloat32([1, WIDTH], new Float32Array(WIDTH).fill(1))];

async function ask(asker: Device, count: number): Promise<void> {
  const answers = Promise.all(Array.from({ length: count }, () => asker.member.asker.ask(input())));
  await clock.until(answers, 60_000);
}

/** There once another device has come. */
function deskOf(device: Device | undefined): TraceDesk {
  const desk = device?.member.tracing.now?.desk;
  if (!desk) throw new Error('nothing is noted yet');
  return desk;
}

const collect = (device: Device): Promise<RoomTrace> => clock.until(deskOf(device).collect(), 20_000);

afterEach(async () => {
  for (const { leader, member } of devices) {
    leader?.close();
    member.close('the test ended');
  }
  devices = [];
  await clock.pass(1000);
});

describe('the trace of a room', () => {
  it('follows each request from device to device in causal order, though clocks are off by seconds', async () => {
    const asker = await atWork();
    await ask(asker, REQUESTS);
    const { devices: told, missing } = await collect(asker);
    expect(missing).toEqual([]);
    expect(told.map(({ peer }) => peer)).toEqual([IDS[2], IDS[0], IDS[1]]);
    const ahead = new Map(told.map(({ peer, clockAheadMs }) => [peer, clockAheadMs]));
    const error = new Map(told.map(({ peer, clockErrorMs }) => [peer, clockErrorMs ?? Number.NaN]));
    for (const [at, peer] of IDS.entries()) {
      const off = Math.abs((ahead.get(peer) ?? 0) - ((SKEWS[at] ?? 0) - (SKEWS[2] ?? 0)));
      expect(off).toBeLessThanOrEqual((error.get(peer) ?? Number.NaN) + 1e-6);
      expect(error.get(peer)).toBeLessThan(10);
    }
    const all = told.flatMap(({ peer, spans }) => spans.map((span) => ({ ...span, at: peer })));
    const requests = all.filter(({ kind }) => kind === 'request');
    expect(requests).toHaveLength(REQUESTS);
    for (const { request, start, end } of requests) {
      const of = all.filter((span) => span.request === request && span.origin === IDS[2]);
      const one = (kind: Span['kind'], stage?: number) => {
        const found = of.filter((span) => span.kind === kind && span.stage === stage);
        expect(found, `${kind} of ${stage}`).toHaveLength(1);
        return found[0] as (typeof of)[number];
      };
      const hops = (stage?: number) => {
        const sent = of.filter((span) => span.kind === 'send' && span.stage === stage);
        // A stage on the same device is not sent anywhere.
        return sent.length === 0 ? [] : [one('send', stage), one('receive', stage)];
      };
      const way = [0, 1, 2].flatMap((stage) => [...hops(stage), one('run', stage)]).concat(hops());
      expect(way.length).toBeGreaterThanOrEqual(6);
      let before = { start, at: IDS[2] as PeerId };
      for (const span of way) {
        const slack = (error.get(before.at) ?? 0) + (error.get(span.at) ?? 0);
        expect(span.start).toBeGreaterThanOrEqual(before.start - slack - 0.002);
        before = span;
      }
      expect(way.at(-1)?.start).toBeLessThanOrEqual(end + 10);
    }
    const run = all.find(({ kind }) => kind === 'run');
    expect(run).toMatchObject({ note: 'wasm', amount: expect.any(Number), epoch: asker.state().plan?.epoch });
    expect(all.filter(({ kind }) => kind === 'load').length).toBeGreaterThanOrEqual(3);
    expect(all.filter(({ kind }) => kind === 'plan').every(({ at }) => at === IDS[0])).toBe(true);
  });

  it('names a device that does not answer in time, and has all the others', async () => {
    const asker = await atWork();
    // As a page of another version, which does not know the question.
    deskOf(devices[1]).wanted = () => undefined;
    const { devices: told, missing } = await collect(asker);
    expect(missing).toEqual([IDS[1]]);
    expect(told.map(({ peer }) => peer)).toEqual([IDS[2], IDS[0]]);
  });

  it('waits no longer for a device that goes', async () => {
    const asker = await atWork();
    const { member } = devices[1] as Device;
    deskOf(devices[1]).wanted = () => undefined;
    const begun = clock.now();
    const collecting = deskOf(asker).collect();
    await clock.pass(10);
    member.close('closed the page');
    const { missing } = await clock.until(collecting, 20_000);
    expect(missing).toEqual([IDS[1]]);
    expect(clock.now() - begun).toBeLessThan(1000);
  });

  it('answers a device that asks without end a few times only', async () => {
    const asker = await atWork();
    const answered: number[] = [];
    const heard = deskOf(asker).heard.bind(deskOf(asker));
    deskOf(asker).heard = (peer, part) => {
      answered.push(part.ticket);
      heard(peer, part);
    };
    for (let n = 0; n < 50; n++) void deskOf(asker).collect();
    await clock.pass(5500);
    // Two devices, three at once and one every two seconds.
    expect(new Set(answered).size).toBeLessThanOrEqual(2 * 6);
    expect(new Set(answered).size).toBeGreaterThanOrEqual(2 * 3);
  });

  it('drops parts that nobody asked for, or that another device sends', async () => {
    const asker = await atWork();
    const spans = { base: 0, texts: [''], rows: [] };
    const part = { type: 'trace-part', part: 0, parts: 1, spans } as const;
    for (let ticket = 1; ticket < 20; ticket++) deskOf(asker).heard(IDS[1] as PeerId, { ...part, ticket });
    const collecting = deskOf(asker).collect();
    // The tickets of both answers, in the name of one.
    for (let ticket = 1; ticket < 20; ticket++)
      deskOf(asker).heard('d'.repeat(16) as PeerId, { ...part, ticket });
    const { devices: told } = await clock.until(collecting, 20_000);
    for (const { spans: of } of told) expect(of.length).toBeGreaterThan(0);
  });
});

it('an answer with what no device notes is refused by whoever asked, and by nobody else', async () => {
  const asker = await atWork();
  const spans = { base: 0, texts: [''], rows: Array(11).fill(77) };
  const part = { type: 'trace-part', ticket: 1, part: 0, parts: 1, spans } as const;
  deskOf(asker).heard(IDS[1] as PeerId, part);
  const collecting = deskOf(asker).collect();
  const refused = expect.objectContaining({ name: 'ProtocolError' });
  expect(() => deskOf(asker).heard(IDS[0] as PeerId, part)).toThrow(refused);
  await clock.until(collecting, 20_000);
});

it('a room that lost a holder says what it took until the next answer', async () => {
  const asker = await atWork();
  const requests = Promise.all(Array.from({ length: 4 }, () => asker.member.asker.ask(input())));
  const { member } = devices[1] as Device;
  member.close('closed the page');
  const lostAt = clock.now();
  await clock.until(requests, 60_000);
  const took = clock.now() - lostAt;
  const [recovered, ...more] = asker.events.filter(({ type }) => type === 'RoomRecovered');
  expect(more).toEqual([]);
  if (recovered?.type !== 'RoomRecovered') throw new Error('nothing was told');
  const { peer, noticeMs, planMs, loadMs, answerMs, redone } = recovered;
  expect([peer, redone > 0]).toEqual([IDS[1], true]);
  expect(noticeMs).toBeLessThan(2000);
  expect(planMs + loadMs + answerMs).toBeLessThanOrEqual(took);
  expect(planMs).toBeGreaterThan(0);
  expect(asker.state().log[0]?.what).toMatch(/^Answers come again after \d/);
});
