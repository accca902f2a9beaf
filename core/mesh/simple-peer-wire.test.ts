import { EventEmitter } from 'node:events';
import type SimplePeer from 'simple-peer';
import { afterEach, beforeEach, expect, expectTypeOf, test, vi } from 'vitest';
import type { IceServer } from '../protocol/signaling.ts';
import { systemClock } from './clock.ts';
import { LOW_WATER_BYTES } from './flow.ts';
import { memoryWirePair } from './memory-wire.ts';
import { type SimplePeerLike, type SimplePeerOptions, simplePeerDial } from './simple-peer-wire.ts';
import type { Wire } from './wire.ts';
import { wireContract } from './wire-contract.ts';

function statsOf(local: string, remote: string): object[] {
  return [
    { type: 'transport', id: 'T', selectedCandidatePairId: 'P' },
    { type: 'candidate-pair', id: 'P', localCandidateId: 'L', remoteCandidateId: 'R' },
    { type: 'local-candidate', id: 'L', candidateType: local },
    { type: 'remote-candidate', id: 'R', candidateType: remote },
  ];
}

/** Behaves as simple-peer does towards its user, over a memory wire instead of RTC. */
class FakePeer extends EventEmitter implements SimplePeerLike {
  _channel: (EventTarget & { bufferedAmount: number; bufferedAmountLowThreshold: number }) | null = null;
  destroyed = false;
  refuses = false;
  /** Of the chosen pair, as RTC's statistics name them. */
  ends: readonly [string, string] = ['host', 'host'];
  looks = 0;
  #wire: Wire | undefined;

  attach(wire: Wire): void {
    this.#wire = wire;
    const channel = Object.assign(new EventTarget(), { bufferedAmountLowThreshold: 65536 });
    Object.defineProperty(channel, 'bufferedAmount', { get: () => wire.bufferedBytes() });
    this._channel = channel as typeof this._channel;
    wire.listen({
      packet: (bytes) => this.emit('data', Buffer.from(bytes.buffer)),
      drained: () => channel.dispatchEvent(new Event('bufferedamountlow')),
      closed: () => this.destroy(),
    });
    this.emit('connect');
  }

  getStats(callback: (error: Error | null, reports: readonly unknown[]) => void): void {
    this.looks += 1;
    queueMicrotask(() => callback(null, statsOf(...this.ends)));
  }

  signal(data: string): void {
    if (data === 'nonsense') throw new TypeError('no description');
    this.emit('signalled', data);
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    if (this.refuses) throw new Error('OperationError: queue full');
    this.#wire?.send(data);
  }

  destroy(error?: Error): void {
    if (this.destroyed) return;
    this.destroyed = true;
    queueMicrotask(() => {
      this.#wire?.close('destroyed');
      this._channel = null;
      if (error) this.emit('error', error);
      this.emit('close');
    });
  }
}

function dialled(iceServers: readonly IceServer[] = [{ urls: ['stun:one', 'stun:two'] }]): {
  peer: FakePeer;
  heard: string[];
  options: SimplePeerOptions;
  wire: () => Wire;
  signal: (text: string) => void;
  abandon: () => void;
} {
  const peer = new FakePeer();
  const heard: string[] = [];
  let wire: Wire | undefined;
  let given: SimplePeerOptions | undefined;
  const dial = simplePeerDial((options) => {
    given = options;
    return peer;
  }, systemClock);
  const dialling = dial(
    { initiator: true, iceServers },
    {
      signal: (text) => heard.push(`signal ${text}`),
      failed: (reason) => heard.push(`failed ${reason}`),
      connected: (made) => {
        heard.push('connected');
        wire = made;
      },
    },
  );
  if (!given) throw new Error('make was not called');
  return {
    peer,
    heard,
    options: given,
    wire: () => wire ?? expect.fail('not connected'),
    signal: (text) => dialling.signal(text),
    abandon: () => dialling.abandon(),
  };
}

wireContract('a simple-peer wire over a fake channel', () => {
  const { left, right } = memoryWirePair({ clock: systemClock, delayMs: 5, mbitPerSec: 100 });
  const [one, two] = [dialled(), dialled()];
  one.peer.attach(left);
  two.peer.attach(right);
  return { left: one.wire(), right: two.wire(), closesBothEnds: true };
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('the types of the package fit', () => {
  expectTypeOf<SimplePeer.Instance>().toExtend<SimplePeerLike>();
  expectTypeOf<SimplePeerOptions>().toExtend<SimplePeer.Options>();
});

test('the channel is reliable, unordered, trickling, with our ICE servers', () => {
  expect(dialled().options).toEqual({
    initiator: true,
    trickle: true,
    objectMode: true,
    channelConfig: { ordered: false },
    config: { iceServers: [{ urls: ['stun:one', 'stun:two'] }] },
  });
});

test('signals go both ways as JSON text', () => {
  const { peer, heard, signal } = dialled();
  const incoming = vi.fn();
  peer.on('signalled', incoming);
  peer.emit('signal', { type: 'offer', sdp: 'v=0' });
  signal('{"type":"answer"}');
  expect(heard).toEqual(['signal {"type":"offer","sdp":"v=0"}']);
  expect(incoming).toHaveBeenCalledWith('{"type":"answer"}');
});

test('the low-water mark is ours, not simple-peer’s', () => {
  const { peer } = dialled();
  peer.attach(memoryWirePair({ clock: systemClock }).left);
  expect(peer._channel?.bufferedAmountLowThreshold).toBe(LOW_WATER_BYTES);
});

test('a Buffer that arrives is viewed, not copied', async () => {
  const { peer, wire } = dialled();
  peer.attach(memoryWirePair({ clock: systemClock }).left);
  const bytes = new Uint8Array([1, 2, 3]);
  const got: Uint8Array[] = [];
  wire().listen({ packet: (p) => got.push(p), drained: () => undefined, closed: () => undefined });
  peer.emit('data', Buffer.from(bytes.buffer));
  expect(got[0]?.buffer).toBe(bytes.buffer);
  expect(got[0]?.constructor).toBe(Uint8Array);
});

test('text on the channel closes the wire', () => {
  const { peer, wire } = dialled();
  peer.attach(memoryWirePair({ clock: systemClock }).left);
  const closed = vi.fn();
  wire().listen({ packet: () => undefined, drained: () => undefined, closed });
  peer.emit('data', 'hello');
  expect(closed).toHaveBeenCalledWith('a packet was not binary');
});

test('a failure before the connection names its reason, once', async () => {
  const { peer, heard } = dialled();
  peer.destroy(new Error('Ice connection failed.'));
  await vi.advanceTimersByTimeAsync(10);
  expect(heard).toEqual(['failed Ice connection failed.']);
});

test('nonsense from the other side fails the attempt and throws nothing', async () => {
  const { heard, signal } = dialled();
  signal('nonsense');
  await vi.advanceTimersByTimeAsync(10);
  expect(heard).toEqual(['failed the connection closed']);
});

test('abandon is quiet', async () => {
  const { peer, heard, abandon } = dialled();
  abandon();
  await vi.advanceTimersByTimeAsync(10);
  expect(peer.destroyed).toBe(true);
  expect(heard).toEqual([]);
});

test('a send that the channel refuses closes the wire and throws LinkClosedError', () => {
  const { peer, wire } = dialled();
  peer.attach(memoryWirePair({ clock: systemClock }).left);
  const closed = vi.fn();
  wire().listen({ packet: () => undefined, drained: () => undefined, closed });
  peer.refuses = true;
  expect(() => wire().send(new Uint8Array(1))).toThrow(expect.objectContaining({ name: 'LinkClosedError' }));
  expect(closed).toHaveBeenCalledWith('OperationError: queue full');
  expect(wire().bufferedBytes()).toBe(0);
});

test('a constructor that throws fails the attempt instead', async () => {
  const heard: string[] = [];
  simplePeerDial(() => {
    throw new Error('No WebRTC support');
  }, systemClock)(
    { initiator: false, iceServers: [] },
    { signal: () => undefined, connected: () => undefined, failed: (reason) => heard.push(reason) },
  );
  await Promise.resolve();
  expect(heard).toEqual(['No WebRTC support']);
});

const TURN = [{ urls: ['turn:one', 'turns:one'], username: '7:id', credential: 'c' }];

test('credentials of a TURN server are handed to RTC', () => {
  expect(dialled(TURN).options.config).toEqual({ iceServers: TURN });
});

test('a wire through a TURN server, of either side, says so before it is handed over', async () => {
  for (const ends of [
    ['relay', 'host'],
    ['host', 'relay'],
    ['relay', 'relay'],
  ] as const) {
    const { peer, heard, wire } = dialled(TURN);
    peer.ends = ends;
    peer.attach(memoryWirePair({ clock: systemClock }).left);
    expect(heard).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(heard).toEqual(['connected']);
    expect([wire().kind, wire().throughTurn]).toEqual(['direct', true]);
    wire().close('done');
  }
});

test('where RTC finds a better pair later, the wire is direct from then on; a closed one is not watched', async () => {
  const { peer, wire } = dialled(TURN);
  peer.ends = ['relay', 'host'];
  peer.attach(memoryWirePair({ clock: systemClock }).left);
  await vi.advanceTimersByTimeAsync(900);
  peer.ends = ['host', 'prflx'];
  await vi.advanceTimersByTimeAsync(90);
  expect(wire().throughTurn).toBe(true);
  await vi.advanceTimersByTimeAsync(20);
  expect(wire().throughTurn).toBe(false);
  wire().close('done');
  const { looks } = peer;
  await vi.advanceTimersByTimeAsync(300_000);
  expect(peer.looks).toBe(looks);
});

test('without a TURN server nobody looks', async () => {
  const { peer, wire } = dialled();
  peer.attach(memoryWirePair({ clock: systemClock }).left);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([peer.looks, wire().throughTurn]).toEqual([0, false]);
});

test('a browser that never tells of its pair keeps nobody waiting', async () => {
  const { peer, heard, wire } = dialled(TURN);
  peer.getStats = () => undefined;
  peer.attach(memoryWirePair({ clock: systemClock }).left);
  await vi.advanceTimersByTimeAsync(499);
  expect(heard).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(heard).toEqual(['connected']);
  expect(wire().throughTurn).toBe(false);
});

test('a connection that ends before its pair is known has failed', async () => {
  const { peer, heard } = dialled(TURN);
  peer.getStats = () => undefined;
  peer.attach(memoryWirePair({ clock: systemClock }).left);
  peer.destroy(new Error('Ice connection failed.'));
  await vi.advanceTimersByTimeAsync(1000);
  expect(heard).toEqual(['failed Ice connection failed.']);
});
