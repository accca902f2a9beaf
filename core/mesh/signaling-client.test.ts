import { beforeEach, expect, test, vi } from 'vitest';
import type { PeerId, RoomId } from '../ids.ts';
import type { FromServer } from '../protocol/signaling.ts';
import type { Clock } from './clock.ts';
import { addressTo, openEnvelope } from './envelope.ts';
import type { Socket } from './lasting-socket.ts';
import type { RendezvousListener } from './rendezvous.ts';
import { RoomSeal } from './seal.ts';
import { type DoorListener, SignalingClient } from './signaling-client.ts';

const [ANN, BOB] = ['a', 'b'].map((digit) => digit.repeat(16) as PeerId) as [PeerId, PeerId];
const ROOM = 'maple-otter-7' as RoomId;

/** Time that passes only when told. */
class VirtualClock implements Clock {
  #now = 0;
  #next = 1;
  readonly #timers = new Map<number, { at: number; run: () => void }>();
  now(): number {
    return this.#now;
  }
  setTimeout(run: () => void, ms: number): number {
    this.#timers.set(this.#next, { at: this.#now + ms, run });
    return this.#next++;
  }
  clearTimeout(timer: number): void {
    this.#timers.delete(timer);
  }
  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [first] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at);
      if (!first || first[1].at > end) break;
      this.#timers.delete(first[0]);
      this.#now = first[1].at;
      first[1].run();
    }
    this.#now = end;
  }
}

/** The server's end of a connection, played by the test. */
class FakeSocket implements Socket {
  binaryType = '';
  bufferedAmount = 0;
  readonly sent: (string | Uint8Array<ArrayBuffer>)[] = [];
  isClosed = false;
  readonly #listeners: { type: string; listener: (event: never) => void }[] = [];
  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.sent.push(data);
  }
  close(): void {
    this.isClosed = true;
  }
  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.push({ type, listener });
  }
  #emit(type: string, event: unknown = {}): void {
    for (const entry of this.#listeners) if (entry.type === type) entry.listener(event as never);
  }
  accept(): void {
    this.#emit('open');
  }
  fail(): void {
    this.#emit('close');
  }
  say(message: FromServer): void {
    this.#emit('message', { data: JSON.stringify(message) });
  }
  deliver(bytes: Uint8Array<ArrayBuffer>): void {
    this.#emit('message', { data: bytes.slice().buffer });
  }
  texts(): Record<string, unknown>[] {
    return this.sent.filter((data) => typeof data === 'string').map((text) => JSON.parse(text));
  }
}

let clock: VirtualClock;
let sockets: FakeSocket[];
let happened: unknown[][];
let reports: unknown[];
beforeEach(() => {
  clock = new VirtualClock();
  sockets = [];
  happened = [];
  reports = [];
});

function sealOf(me: PeerId): Promise<RoomSeal> {
  return RoomSeal.derive({
    subtle: crypto.subtle,
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    room: ROOM,
    secret: 'AAECAwQFBgcICQoLDA0ODw',
    me,
  });
}

const note =
  (name: string) =>
  (...details: unknown[]): void => {
    happened.push([name, ...details]);
  };

function listener(): RendezvousListener {
  return {
    welcome: note('welcome'),
    iceServers: note('ice-servers'),
    peerJoined: note('peer-joined'),
    peerLeft: note('peer-left'),
    signal: note('signal'),
    relay: note('relay'),
    lost: note('lost'),
  };
}

async function client({ me = ANN, listens = true } = {}): Promise<SignalingClient> {
  const door: DoorListener = {
    state: note('state'),
    entered: note('entered'),
    waiting: note('waiting'),
    leading: note('leading'),
    refused: note('refused'),
    knock: note('knock'),
    knockGone: note('knock-gone'),
  };
  const made = new SignalingClient({
    room: ROOM,
    seal: await sealOf(me),
    key: 'key-of-this-device',
    connect: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    clock,
    random: () => 0.5,
    door,
    report: (error) => reports.push(error),
  });
  if (listens) made.listen(listener());
  return made;
}

const latest = (): FakeSocket => sockets.at(-1) as FakeSocket;
const welcome: FromServer = { type: 'welcome', leader: ANN, peers: [BOB], iceServers: [] };

/** Waits (real time) for the client to have said its hello on the newest connection. */
async function hello(): Promise<FakeSocket> {
  latest().accept();
  await vi.waitFor(() => expect(latest().texts()).toHaveLength(1));
  return latest();
}

async function inside(): Promise<[SignalingClient, FakeSocket]> {
  const made = await client();
  made.open(false);
  const socket = await hello();
  socket.say(welcome);
  await vi.waitFor(() => expect(happened).toContainEqual(['welcome', [BOB], []]));
  happened = [];
  return [made, socket];
}

test('the leader opens with proof and key, and is told when it is inside', async () => {
  const ann = await client();
  ann.open(true);
  const socket = await hello();
  const { proof } = await sealOf(ANN);
  expect(socket.texts()).toEqual([
    { type: 'open', room: ROOM, peer: ANN, key: 'key-of-this-device', proof, askFirst: true },
  ]);
  socket.say(welcome);
  await vi.waitFor(() => expect(happened).toHaveLength(4));
  expect(happened).toEqual([
    ['state', 'connecting'],
    ['state', 'open'],
    ['entered', ANN, 1],
    ['welcome', [BOB], []],
  ]);
});

test('a welcome that comes before there is a listener is kept for it', async () => {
  const ann = await client({ listens: false });
  ann.open(false);
  (await hello()).say(welcome);
  await vi.waitFor(() => expect(happened).toContainEqual(['entered', ANN, 1]));
  ann.listen(listener());
  expect(happened.at(-1)).toEqual(['welcome', [BOB], []]);
});

test('new ICE servers are handed on', async () => {
  const [, socket] = await inside();
  const iceServers = [{ urls: ['turn:a.example'], username: '7:id', credential: 'c' }];
  socket.say({ type: 'ice-servers', iceServers });
  await vi.waitFor(() => expect(happened).toEqual([['ice-servers', iceServers]]));
});

test('only the leader can read the card of who knocks', async () => {
  const bob = await client({ me: BOB });
  bob.join('{"name":"Pixel"}');
  const socket = await hello();
  const [joining] = socket.texts();
  expect(JSON.stringify(joining)).not.toContain('Pixel');
  socket.say({ type: 'wait' });
  await vi.waitFor(() => expect(happened).toContainEqual(['waiting']));

  const [, ann] = await inside();
  ann.say({ type: 'knock', peer: BOB, card: String(joining?.card) });
  ann.say({ type: 'knock', peer: ANN, card: String(joining?.card) });
  ann.say({ type: 'knock-gone', peer: BOB });
  await vi.waitFor(() => expect(happened).toHaveLength(3));
  expect(happened).toEqual([
    ['knock', BOB, '{"name":"Pixel"}'],
    // Somebody else's card: still a knock that can be answered.
    ['knock', ANN, ''],
    ['knock-gone', BOB],
  ]);
  expect(reports).toHaveLength(1);
});

test('signals and packets go out sealed, in order, and count as buffered until they leave', async () => {
  const [ann, socket] = await inside();
  const bytes = new Uint8Array(50_000).fill(3);
  ann.relay(BOB, bytes);
  expect(ann.relayBufferedBytes()).toBe(50_000);
  bytes.fill(9);
  ann.signal(BOB, 'an offer');
  ann.relay(BOB, Uint8Array.of(1));
  await vi.waitFor(() => expect(socket.sent).toHaveLength(4));
  await vi.waitFor(() => expect(ann.relayBufferedBytes()).toBe(0));
  const bob = await sealOf(BOB);
  const [, big, text, small] = socket.sent;
  const open = (data: unknown) => {
    const envelope = openEnvelope(data as Uint8Array<ArrayBuffer>);
    expect(envelope?.from).toBe(BOB);
    return bob.openPacket(ANN, envelope?.packet ?? new Uint8Array());
  };
  expect(await open(big)).toEqual(new Uint8Array(50_000).fill(3));
  const signal = JSON.parse(String(text));
  expect(signal).toMatchObject({ type: 'signal', to: BOB });
  expect(await bob.openText(ANN, signal.sealed)).toBe('an offer');
  expect(await open(small)).toEqual(Uint8Array.of(1));
  socket.bufferedAmount = 77;
  expect(ann.relayBufferedBytes()).toBe(77);
});

test('what arrives is unsealed and told in order, large or small; forgeries are reported', async () => {
  const [, socket] = await inside();
  const bob = await sealOf(BOB);
  const packets = [new Uint8Array(200_000).fill(1), Uint8Array.of(2), new Uint8Array(100_000).fill(3)];
  const sealed = [];
  for (const packet of packets) sealed.push(await bob.sealPacket(ANN, packet));
  const text = await bob.sealText(ANN, 'an answer');
  socket.deliver(addressTo(BOB, sealed[0] ?? new Uint8Array()));
  socket.deliver(addressTo(BOB, sealed[1] ?? new Uint8Array()));
  socket.deliver(addressTo(BOB, new Uint8Array(60)));
  socket.deliver(addressTo(BOB, sealed[2] ?? new Uint8Array()));
  socket.deliver(new Uint8Array(3));
  socket.say({ type: 'signal', from: BOB, sealed: text });
  socket.say({ type: 'signal', from: BOB, sealed: text });
  socket.say({ type: 'peer-left', peer: BOB, why: 'away' });
  await vi.waitFor(() => expect(happened).toHaveLength(5));
  expect(happened).toEqual([
    ...packets.map((packet) => ['relay', BOB, packet]),
    ['signal', BOB, 'an answer'],
    ['peer-left', BOB, 'away'],
  ]);
  expect(reports.map(String)).toEqual([
    expect.stringContaining('ProtocolError'),
    expect.stringContaining('repetition'),
  ]);
});

test('after a loss it comes back by itself, as the same device', async () => {
  const [ann, first] = await inside();
  first.fail();
  ann.signal(BOB, 'into the void');
  ann.relay(BOB, new Uint8Array(10));
  await vi.waitFor(() => expect(happened).toEqual([['state', 'away'], ['lost']]));
  expect(ann.relayBufferedBytes()).toBe(0);
  clock.pass(499);
  expect(sockets).toHaveLength(1);
  clock.pass(1);
  expect(sockets).toHaveLength(2);
  const second = await hello();
  expect(second.texts()).toEqual(first.texts());
  second.say(welcome);
  await vi.waitFor(() => expect(happened).toHaveLength(5));
  expect(happened.slice(2)).toEqual([
    ['state', 'open'],
    ['entered', ANN, 1],
    ['welcome', [BOB], []],
  ]);
});

test('what was sealed for a lost connection is not sent over the next', async () => {
  const [ann, first] = await inside();
  ann.signal(BOB, 'late');
  first.fail();
  clock.pass(500);
  const second = await hello();
  second.say(welcome);
  await vi.waitFor(() => expect(happened).toContainEqual(['welcome', [BOB], []]));
  ann.signal(BOB, 'now');
  await vi.waitFor(() => expect(second.texts()).toHaveLength(2));
  expect(await (await sealOf(BOB)).openText(ANN, String(second.texts()[1]?.sealed))).toBe('now');
  expect(first.texts()).toHaveLength(1);
});

test('attempts come at 0.5, 1, 2, 4 and then every 8 s; hurry makes one at once', async () => {
  const ann = await client();
  ann.open(false);
  const waits: number[] = [];
  for (let i = 0; i < 6; i++) {
    const [before, count] = [clock.now(), sockets.length];
    latest().fail();
    while (sockets.length === count) clock.pass(100);
    waits.push(clock.now() - before);
  }
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
  latest().fail();
  ann.hurry();
  expect(sockets).toHaveLength(8);
  ann.hurry();
  expect(sockets).toHaveLength(8);
});

test('an attempt that hangs is given up after 10 s', async () => {
  (await client()).open(false);
  clock.pass(10_500);
  expect([sockets.length, sockets[0]?.isClosed]).toEqual([2, true]);
});

test('a silent connection is asked for a sign of life, and given up without one', async () => {
  const [, socket] = await inside();
  clock.pass(10_000);
  expect(socket.texts().at(-1)).toEqual({ type: 'ping' });
  socket.say({ type: 'pong' });
  clock.pass(10_000);
  expect(socket.isClosed).toBe(false);
  expect(socket.texts().filter(({ type }) => type === 'ping')).toHaveLength(2);
  clock.pass(10_000);
  expect(socket.isClosed).toBe(true);
  expect(sockets).toHaveLength(1);
  clock.pass(500);
  expect(sockets).toHaveLength(2);
});

test('a refusal at first contact is final', async () => {
  const bob = await client({ me: BOB });
  bob.join('');
  const socket = await hello();
  socket.say({ type: 'refused', reason: 'no-such-room', message: 'Not open.' });
  await vi.waitFor(() => expect(happened).toContainEqual(['refused', 'no-such-room', 'Not open.']));
  expect(socket.isClosed).toBe(true);
  socket.fail();
  clock.pass(100_000);
  expect(sockets).toHaveLength(1);
  expect(happened).not.toContainEqual(['state', 'away']);
});

test('once inside, a missing room is looked for again, for a minute', async () => {
  const [, first] = await inside();
  first.fail();
  const started = clock.now();
  for (let i = 0; !happened.some(([name]) => name === 'refused'); i++) {
    expect(i).toBeLessThan(20);
    const count = sockets.length;
    for (let waited = 0; waited < 10_000 && sockets.length === count; waited += 100) clock.pass(100);
    if (sockets.length === count) break;
    (await hello()).say({ type: 'refused', reason: 'no-such-room', message: 'Not open.' });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(happened).toContainEqual(['refused', 'no-such-room', 'Not open.']);
  expect(clock.now() - started).toBeGreaterThan(60_000);
  expect(clock.now() - started).toBeLessThan(75_000);
});

test('servers that cannot reach each other are asked again, for as long as that takes, also before it was inside', async () => {
  const ann = await client();
  ann.open(false);
  for (let n = 0; n < 12; n++) {
    (await hello()).say({ type: 'refused', reason: 'unavailable', message: 'Try again.' });
    clock.pass(10_000);
  }
  expect(happened.filter(([name]) => name === 'refused')).toEqual([]);
  (await hello()).say(welcome);
  await vi.waitFor(() => expect(happened).toContainEqual(['welcome', [BOB], []]));
});

test('too many at once ends a first try; once inside, it is tried again', async () => {
  const [, first] = await inside();
  first.fail();
  for (let n = 0; n < 12; n++) {
    clock.pass(10_000);
    (await hello()).say({ type: 'refused', reason: 'too-many', message: 'In a minute.' });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(happened.filter(([name]) => name === 'refused')).toEqual([]);
  const bob = await client({ me: BOB });
  bob.join('');
  (await hello()).say({ type: 'refused', reason: 'too-many', message: 'In a minute.' });
  await vi.waitFor(() => expect(happened).toContainEqual(['refused', 'too-many', 'In a minute.']));
});

test('a room that is opened again in time is entered again', async () => {
  const [, first] = await inside();
  first.fail();
  clock.pass(500);
  (await hello()).say({ type: 'refused', reason: 'no-such-room', message: 'Not open.' });
  clock.pass(2_000);
  (await hello()).say(welcome);
  await vi.waitFor(() => expect(happened).toContainEqual(['welcome', [BOB], []]));
});

test('leaving says goodbye and stays away', async () => {
  const [ann, socket] = await inside();
  ann.admit(BOB);
  ann.deny(BOB);
  ann.askFirst(true);
  ann.leave();
  expect(socket.texts().slice(1)).toEqual([
    { type: 'admit', peer: BOB },
    { type: 'deny', peer: BOB },
    { type: 'ask-first', value: true },
    { type: 'leave' },
  ]);
  expect(socket.isClosed).toBe(true);
  clock.pass(100_000);
  expect(sockets).toHaveLength(1);
});

test('the rule "ask first" survives a reconnection as it is now', async () => {
  const [ann, first] = await inside();
  ann.askFirst(true);
  first.fail();
  clock.pass(500);
  expect((await hello()).texts()[0]).toMatchObject({ type: 'open', askFirst: true });
});

test('nonsense from the server is reported and changes nothing', async () => {
  const [, socket] = await inside();
  socket.say({ type: 'welcome' } as FromServer);
  expect(String(reports[0])).toContain('ProtocolError');
  expect(happened).toEqual([]);
});
