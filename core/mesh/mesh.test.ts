import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PeerId } from '../ids.ts';
import type { ControlMessage } from '../protocol/messages.ts';
import { systemClock } from './clock.ts';
import { MemoryDialler } from './memory-dial.ts';
import { type MemoryRendezvous, MemoryRoom } from './memory-rendezvous.ts';
import { Mesh } from './mesh.ts';
import type { LinkStats } from './network.ts';

const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((x) => x.repeat(16) as PeerId) as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
];

/** One page: its mesh, its way to the server, and what it heard. */
interface Page {
  readonly mesh: Mesh;
  readonly rendezvous: MemoryRendezvous;
  readonly log: string[];
  readonly control: ControlMessage[];
  readonly binary: string[];
  readonly reports: string[];
}

let room: MemoryRoom;
let dialler: MemoryDialler;
let seed: number;

beforeEach(() => {
  vi.useFakeTimers();
  room = new MemoryRoom(systemClock, { delayMs: 3 });
  dialler = new MemoryDialler(systemClock, { delayMs: 2, mbitPerSec: 100 });
  seed = 1;
});
afterEach(() => {
  vi.useRealTimers();
});

function openPage(me: PeerId, { dial = dialler.dial }: { dial?: MemoryDialler['dial'] | null } = {}): Page {
  const rendezvous = room.join(me);
  const log: string[] = [];
  const control: ControlMessage[] = [];
  const binary: string[] = [];
  const reports: string[] = [];
  const mesh = new Mesh({
    me,
    rendezvous,
    dial,
    clock: systemClock,
    random32: () => (seed = Math.imul(seed, 48271) >>> 0),
    report: (peer, error) => reports.push(`${peer[0]}: ${error.message}`),
  });
  mesh.listen({
    peerUp: (peer) => log.push(`up ${peer[0]}`),
    peerDown: (peer, reason) => log.push(`down ${peer[0]}: ${reason}`),
    linkChanged: () => undefined,
    control: (_, message) => control.push(message),
    binary: (peer, kind, bytes) => binary.push(`${peer[0]} ${kind} ${bytes.byteLength}`),
  });
  return { mesh, rendezvous, log, control, binary, reports };
}

/** The tab is gone without a word: no goodbye, sockets and channels break. */
function kill(page: Page): void {
  page.mesh.close = () => undefined;
  page.rendezvous.disconnect();
}

function kind(page: Page, peer: PeerId): LinkStats['kind'] | undefined {
  return page.mesh.stats(peer)?.kind;
}

const goodbye = (reason: string): ControlMessage => ({ type: 'goodbye', reason });
const after = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

test('four peers that open at once connect each to each, directly, and talk', async () => {
  const pages = [A, B, C, D].map((me) => openPage(me));
  await after(500);
  for (const { mesh } of pages) {
    expect([...mesh.peers()].sort()).toEqual([A, B, C, D].filter((peer) => peer !== mesh.me));
    for (const peer of mesh.peers()) {
      expect(mesh.stats(peer)?.kind).toBe('direct');
      mesh.sendControl(peer, goodbye(`from ${mesh.me[0]}`));
      void mesh.send(peer, 'activation', [new Uint8Array(100_000)]);
    }
  }
  await after(500);
  for (const page of pages) {
    expect(page.control.length).toBe(3);
    expect(page.binary.length).toBe(3);
    expect(page.log.length).toBe(3);
    expect(page.reports).toEqual([]);
  }
  // One attempt for each pair: nobody dials twice, and no two cross.
  expect(dialler.attempts).toBe(6);
});

test('a peer that comes later connects to everybody', async () => {
  const pages = [C, A].map((me) => openPage(me));
  await after(500);
  const late = openPage(B);
  await after(500);
  expect([...late.mesh.peers()].sort()).toEqual([A, C]);
  for (const page of pages) expect(page.log.at(-1)).toBe('up b');
});

test('without a direct way the relay takes over after 8 s', async () => {
  dialler.reachable = false;
  const [a, b] = [openPage(A), openPage(B)];
  await after(7900);
  expect([a.log, b.log]).toEqual([[], []]);
  await after(300);
  expect([a.log, b.log]).toEqual([['up b'], ['up a']]);
  expect([kind(a, B), kind(b, A)]).toEqual(['relayed', 'relayed']);
  a.mesh.sendControl(B, goodbye('hello'));
  await a.mesh.send(B, 'shard', [new Uint8Array(500_000)]);
  await after(500);
  expect(b.control).toEqual([goodbye('hello')]);
  expect(b.binary).toEqual(['a shard 500000']);
});

test('an attempt that fails at once goes to the relay at once', async () => {
  dialler.refusal = 'RTC is switched off';
  const [a, b] = [openPage(A), openPage(B)];
  await after(200);
  expect([kind(a, B), kind(b, A)]).toEqual(['relayed', 'relayed']);
});

test('a device without RTC is reached through the relay', async () => {
  const [a, b] = [openPage(A), openPage(B, { dial: null })];
  await after(200);
  expect([kind(a, B), kind(b, A)]).toEqual(['relayed', 'relayed']);
});

test('direct is tried again after 15, 30, 60 and then every 120 s, by the smaller id', async () => {
  dialler.reachable = false;
  openPage(A);
  openPage(B);
  const begun: number[] = [];
  let known = 0;
  for (let second = 0; second < 480; second++) {
    if (dialler.attempts > known) begun.push(second);
    known = dialler.attempts;
    await after(1000);
  }
  expect(begun).toEqual([1, 16, 46, 106, 226, 346, 466]);
});

test('a relayed link moves to direct when that comes up, and nobody hears of a loss', async () => {
  dialler.reachable = false;
  const [a, b] = [openPage(A), openPage(B)];
  await after(10_000);
  dialler.reachable = true;
  void a.mesh.send(B, 'shard', [new Uint8Array(4_000_000)]);
  await after(6000);
  expect([kind(a, B), kind(b, A)]).toEqual(['direct', 'direct']);
  expect([a.log, b.log]).toEqual([['up b'], ['up a']]);
  expect(b.binary).toEqual(['a shard 4000000']);
});

test('a direct wire that breaks falls back to the relay, loses nothing, and is dialled anew at once', async () => {
  const [a, b] = [openPage(A), openPage(B)];
  await after(500);
  for (let i = 0; i < 5; i++) void a.mesh.send(B, 'activation', [new Uint8Array(300_000 + i)]);
  for (let i = 0; i < 5; i++) a.mesh.sendControl(B, goodbye(String(i)));
  await after(20);
  dialler.reachable = false;
  dialler.pairs[0]?.left.close('network changed');
  await after(300);
  expect([kind(a, B), kind(b, A)]).toEqual(['relayed', 'relayed']);
  expect(dialler.attempts).toBe(2);
  dialler.reachable = true;
  await after(20_000);
  expect([kind(a, B), kind(b, A)]).toEqual(['direct', 'direct']);
  expect(b.control).toEqual([0, 1, 2, 3, 4].map((i) => goodbye(String(i))));
  expect(b.binary.sort()).toEqual([0, 1, 2, 3, 4].map((i) => `a activation ${300_000 + i}`));
  expect([a.log, b.log]).toEqual([['up b'], ['up a']]);
});

test('goodbye is heard within the blink of an eye, and nobody dials the one who left', async () => {
  const pages = [A, B, C].map((me) => openPage(me));
  await after(500);
  const [a, b, c] = pages as [Page, Page, Page];
  a.mesh.close('closed its page');
  await after(50);
  expect(b.log.at(-1)).toBe('down a: closed its page');
  expect(c.log.at(-1)).toBe('down a: closed its page');
  const attempts = dialler.attempts;
  await after(30_000);
  expect(dialler.attempts).toBe(attempts);
  expect(b.mesh.peers()).toEqual([C]);
  expect(a.log).toEqual(['up b', 'up c']);
});

test('a killed tab is noticed within 2 s when its socket broke too', async () => {
  const [a, b] = [openPage(A), openPage(B)];
  await after(3000);
  const [pair] = dialler.pairs;
  if (pair) pair.conditions.silent = true;
  kill(b);
  await after(2000);
  expect(a.log).toEqual(['up b', 'down b: the device left']);
});

test('a reload with the same id is a new link: down, then up', async () => {
  for (const [me, other] of [
    [A, B],
    [B, A],
  ] as const) {
    const stays = openPage(other);
    const first = openPage(me);
    await after(500);
    kill(first);
    const again = openPage(me);
    await after(1000);
    expect(stays.log).toEqual([`up ${me[0]}`, `down ${me[0]}: the device came back`, `up ${me[0]}`]);
    expect(again.log).toEqual([`up ${other[0]}`]);
    again.mesh.sendControl(other, goodbye('new'));
    stays.mesh.sendControl(me, goodbye('welcome back'));
    await after(100);
    expect(stays.control).toEqual([goodbye('new')]);
    expect(again.control).toEqual([goodbye('welcome back')]);
    again.mesh.close('done');
    stays.mesh.close('done');
    await after(1000);
    room = new MemoryRoom(systemClock);
  }
});

test('a page that reloads while relayed traffic is on its way does not take it for its own', async () => {
  dialler.reachable = false;
  const [a, b] = [openPage(A), openPage(B)];
  await after(10_000);
  b.mesh.sendControl(A, goodbye('x'));
  await after(1500);
  for (let i = 0; i < 20; i++) a.mesh.send(B, 'shard', [new Uint8Array(200_000)]).catch(() => undefined);
  await after(20);
  kill(b);
  const again = openPage(B);
  await after(10_000);
  expect([a.reports, again.reports]).toEqual([[], []]);
  expect(again.binary).toEqual([]);
  expect(a.log).toEqual(['up b', 'down b: the device came back', 'up b']);
  expect(kind(again, A)).toBe('relayed');
});

test('a link that only one side gave up is begun anew on both', async () => {
  for (const [stays, blinks] of [
    [A, B],
    [B, A],
  ] as const) {
    const [one, two] = [openPage(stays), openPage(blinks)];
    await after(500);
    one.mesh.sendControl(blinks, goodbye('x'));
    two.mesh.sendControl(stays, goodbye('x'));
    await after(1500);
    two.mesh.sendControl(stays, goodbye('on its way'));
    two.rendezvous.disconnect();
    await after(20);
    dialler.pairs.at(-1)?.left.close('cut');
    await after(700);
    expect(one.log.at(-1)).toBe(`down ${blinks[0]}: the device left`);
    two.rendezvous.reconnect();
    await after(2000);
    expect([one.reports, two.reports]).toEqual([[], []]);
    expect([kind(one, blinks), kind(two, stays)]).toEqual(['direct', 'direct']);
    expect(two.log).toEqual([`up ${stays[0]}`, `down ${stays[0]}: the device came back`, `up ${stays[0]}`]);
    one.mesh.close('done');
    two.mesh.close('done');
    await after(1000);
    room = new MemoryRoom(systemClock);
  }
});

test('both reload at the same time', async () => {
  const [a, b] = [openPage(A), openPage(B)];
  await after(500);
  kill(a);
  kill(b);
  const [a2, b2] = [openPage(A), openPage(B)];
  await after(1000);
  expect([a2.mesh.peers(), b2.mesh.peers()]).toEqual([[B], [A]]);
  expect([kind(a2, B), kind(b2, A)]).toEqual(['direct', 'direct']);
});

test('a broken connection to the server does not touch direct links', async () => {
  const [a, b] = [openPage(A), openPage(B)];
  await after(500);
  b.rendezvous.disconnect();
  await after(15_000);
  b.rendezvous.reconnect();
  await after(5000);
  expect([a.log, b.log]).toEqual([['up b'], ['up a']]);
  a.mesh.sendControl(B, goodbye('still there'));
  await after(100);
  expect(b.control).toEqual([goodbye('still there')]);
  expect(dialler.attempts).toBe(1);
});

test('a short break of the server loses nothing on a relayed link', async () => {
  dialler.reachable = false;
  const [a, b] = [openPage(A), openPage(B)];
  await after(10_000);
  for (let i = 0; i < 3; i++) void a.mesh.send(B, 'activation', [new Uint8Array(200_000 + i)]);
  await after(20);
  b.rendezvous.disconnect();
  a.mesh.sendControl(B, goodbye('while away'));
  await after(1500);
  b.rendezvous.reconnect();
  await after(3000);
  expect(b.binary.sort()).toEqual([0, 1, 2].map((i) => `a activation ${200_000 + i}`));
  expect(b.control).toEqual([goodbye('while away')]);
  expect([a.log, b.log]).toEqual([['up b'], ['up a']]);
});

test('a server that restarts and forgets everybody loses no link', async () => {
  const [a, b] = [openPage(A), openPage(B)];
  await after(500);
  a.rendezvous.disconnect();
  b.rendezvous.disconnect();
  await after(2000);
  a.rendezvous.reconnect();
  await after(1000);
  b.rendezvous.reconnect();
  await after(5000);
  expect([a.log, b.log]).toEqual([['up b'], ['up a']]);
});

test('a peer that was given up although the server lists it comes back by itself', async () => {
  const [a, b] = [openPage(A), openPage(B)];
  await after(500);
  const [pair] = dialler.pairs;
  if (pair) pair.conditions.silent = true;
  dialler.reachable = false;
  const relay = b.rendezvous.relay.bind(b.rendezvous);
  b.rendezvous.relay = () => undefined;
  await after(15_000);
  expect(a.log).toEqual(['up b', 'down b: the device fell silent']);
  b.rendezvous.relay = relay;
  dialler.reachable = true;
  await after(20_000);
  expect([a.mesh.peers(), b.mesh.peers()]).toEqual([[B], [A]]);
  a.mesh.sendControl(B, goodbye('hello again'));
  await after(1000);
  expect(b.control.at(-1)).toEqual(goodbye('hello again'));
});

test('signals that the server lost are said again', async () => {
  const a = openPage(A);
  await after(100);
  const signal = a.rendezvous.signal.bind(a.rendezvous);
  let lost = 0;
  a.rendezvous.signal = (to, text) => {
    if (text.includes('"session"') && lost++ < 1) return;
    signal(to, text);
  };
  const b = openPage(B);
  const bSignal = b.rendezvous.signal.bind(b.rendezvous);
  b.rendezvous.signal = (to, text) => {
    if (lost++ < 3) return;
    bSignal(to, text);
  };
  await after(8000);
  expect(lost).toBeGreaterThan(3);
  expect(a.mesh.peers()).toEqual([B]);
});

test.each([
  [
    'a control message',
    (b: Page) => b.mesh.sendControl(A, { type: 'unheard-of' } as unknown as ControlMessage),
  ],
  ['a signal', (b: Page) => b.rendezvous.signal(A, 'v=0')],
])('%s that is nonsense ends the link, is told once, and the next link waits', async (what, offend) => {
  const [a, b] = [openPage(A), openPage(B)];
  await after(500);
  offend(b);
  await after(9000);
  expect(a.reports).toEqual([
    expect.stringContaining(`b: ${what[0]?.toUpperCase()}${what.slice(1)} is malformed`),
  ]);
  expect([a.log.length, a.log[1], b.log[1]]).toEqual([
    2,
    expect.stringContaining('down b'),
    expect.stringContaining('down a'),
  ]);
  await after(4000);
  expect([a.mesh.peers(), b.mesh.peers()]).toEqual([[B], [A]]);
  offend(b);
  await after(29_000);
  expect(a.mesh.peers()).toEqual([]);
  await after(5000);
  expect(a.mesh.peers()).toEqual([B]);
});

test('the one that calls waits as well as the one that is called', async () => {
  const [a, b] = [openPage(A), openPage(B)];
  await after(500);
  a.mesh.sendControl(B, { type: 'unheard-of' } as unknown as ControlMessage);
  await after(9000);
  expect([b.reports.length, b.log.length, b.mesh.peers()]).toEqual([1, 2, []]);
  await after(4000);
  expect([a.mesh.peers(), b.mesh.peers()]).toEqual([[B], [A]]);
});

test('what is merely late or for another session is dropped without a word', async () => {
  const [a, b] = [openPage(A), openPage(B)];
  await after(500);
  b.rendezvous.signal(A, '{"type":"rtc","session":1,"attempt":9,"data":"{}"}');
  b.rendezvous.signal(A, '{"type":"bye","session":7,"reason":"of old"}');
  b.rendezvous.relay(A, new Uint8Array(3));
  b.rendezvous.relay(A, new Uint8Array(300));
  await after(100);
  expect([a.reports, a.log]).toEqual([[], ['up b']]);
});

test('sending to nobody rejects with LinkClosedError; control is dropped', async () => {
  const a = openPage(A);
  a.mesh.sendControl(B, goodbye('x'));
  await expect(a.mesh.send(B, 'shard', [])).rejects.toMatchObject({ name: 'LinkClosedError' });
  await expect(a.mesh.probe(B, 1000)).rejects.toMatchObject({ name: 'LinkClosedError' });
  expect(a.mesh.stats(B)).toBeUndefined();
});

test('a way is measured through the mesh', async () => {
  const a = openPage(A);
  openPage(B);
  await after(3000);
  const samples = [];
  for (const bytes of [1024, 256 * 1024]) {
    const probe = a.mesh.probe(B, bytes);
    await after(1000);
    samples.push({ bytes, ms: await probe });
  }
  a.mesh.calibrate(B, samples);
  expect(a.mesh.stats(B)?.delayMs).toBeCloseTo(2, 0);
  expect(a.mesh.stats(B)?.mbitPerSec).toBeCloseTo(100, -1);
});

type Mishap =
  | 'reload'
  | 'kill socket'
  | 'cut wire'
  | 'silence wire'
  | 'no direct way'
  | 'direct way'
  | 'traffic';
const mishap = fc.record({
  what: fc.constantFrom<Mishap>(
    'reload',
    'kill socket',
    'cut wire',
    'silence wire',
    'no direct way',
    'direct way',
    'traffic',
  ),
  who: fc.nat(2),
  waitMs: fc.oneof(fc.nat(30), fc.nat(9000)),
});

test('whatever happens, two quiet minutes later everybody is connected and every message arrives in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(mishap, { maxLength: 14 }), async (mishaps) => {
      room = new MemoryRoom(systemClock, { delayMs: 3 });
      dialler = new MemoryDialler(systemClock, { delayMs: 2, mbitPerSec: 100 });
      const ids = [A, B, C];
      const pages = ids.map((id) => openPage(id));
      for (const { what, who, waitMs } of mishaps) {
        const id = ids[who] ?? A;
        const page = pages[who];
        if (!page) continue;
        if (what === 'reload') {
          page.rendezvous.disconnect();
          page.mesh.close('reload');
          pages[who] = openPage(id);
        } else if (what === 'kill socket') {
          page.rendezvous.disconnect();
          systemClock.setTimeout(() => pages[who] === page && page.rendezvous.reconnect(), 700);
        } else if (what === 'cut wire') dialler.pairs.at(-1 - who)?.left.close('cut');
        else if (what === 'silence wire') {
          const pair = dialler.pairs.at(-1 - who);
          if (pair) pair.conditions.silent = true;
        } else if (what === 'no direct way') dialler.reachable = false;
        else if (what === 'direct way') dialler.reachable = true;
        else
          for (const peer of page.mesh.peers())
            page.mesh.send(peer, 'shard', [new Uint8Array(200_000)]).catch(() => undefined);
        await after(waitMs);
      }
      await after(1000);
      dialler.reachable = true;
      await after(130_000);
      for (const page of pages) {
        expect([...page.mesh.peers()].sort()).toEqual(ids.filter((id) => id !== page.mesh.me));
        page.control.length = 0;
        for (const peer of page.mesh.peers()) expect(page.mesh.stats(peer)?.kind).toBe('direct');
      }
      for (const page of pages)
        for (const n of ['1', '2'])
          for (const peer of page.mesh.peers()) page.mesh.sendControl(peer, goodbye(n));
      await after(500);
      for (const page of pages) {
        expect(page.control.map((m) => m.type === 'goodbye' && m.reason).sort()).toEqual([
          '1',
          '1',
          '2',
          '2',
        ]);
        expect(page.reports).toEqual([]);
        // Up and down take turns.
        for (const id of ids) {
          const turns = page.log
            .filter((line) => line.split(' ')[1]?.[0] === id[0])
            .map((line) => line.split(' ')[0]);
          expect(turns.every((turn, i) => turn === (i % 2 === 0 ? 'up' : 'down'))).toBe(true);
        }
      }
      for (const page of pages) page.mesh.close('done');
      await after(1000);
    }),
    { numRuns: 40, endOnFailure: true },
  );
});

test('new credentials for TURN serve the next link; those that stand stay', async () => {
  const used: string[] = [];
  const dial: MemoryDialler['dial'] = (options, listener) => {
    used.push(options.iceServers.map(({ username }) => username).join());
    return dialler.dial(options, listener);
  };
  const a = openPage(A, { dial });
  const server = (username: string) => ({ urls: 'turn:turn.example', username, credential: 'c' });
  a.rendezvous.hear((listener) => listener.iceServers([server('1')]));
  await after(100);
  openPage(B);
  await after(500);
  a.rendezvous.hear((listener) => listener.iceServers([server('2')]));
  await after(100);
  openPage(C);
  await after(500);
  expect(used).toEqual(['1', '2']);
  expect(a.log).toEqual(['up b', 'up c']);
});
