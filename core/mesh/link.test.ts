import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PeerId } from '../ids.ts';
import { PACKET_HEADER_BYTES, writePacketHeader } from '../protocol/packet.ts';
import { systemClock } from './clock.ts';
import type { Link } from './link.ts';
import { digest, type Heard, linkContract, listeningLink, patterned } from './link-contract.ts';
import { MemoryRoom } from './memory-rendezvous.ts';
import { type MemoryWirePair, memoryWirePair } from './memory-wire.ts';
import { openRelayPacket, RelayWire } from './relay-wire.ts';
import type { Wire } from './wire.ts';

/** A small generator of repeatable randomness (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

linkContract('a wire that reorders packets', () =>
  memoryWirePair({ clock: systemClock, delayMs: 5, jitterMs: 15, mbitPerSec: 80, random: seeded(1) }),
);

linkContract('the relay', () => {
  const room = new MemoryRoom(systemClock, { delayMs: 5, mbitPerSec: 80 });
  const [one, two] = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'] as [PeerId, PeerId];
  const relayed = (me: PeerId, other: PeerId): RelayWire => {
    const rendezvous = room.join(me);
    const wire = new RelayWire(rendezvous, systemClock, other, 7);
    rendezvous.listen({
      welcome: () => undefined,
      peerJoined: () => undefined,
      iceServers: () => undefined,
      peerLeft: () => undefined,
      signal: () => undefined,
      lost: () => wire.close('lost'),
      relay: (_, bytes) => {
        const opened = openRelayPacket(bytes);
        if (opened) wire.deliver(opened.packet);
      },
    });
    return wire;
  };
  const left = relayed(one, two);
  return { left, right: relayed(two, one) };
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function join(a: Link, b: Link, options: Partial<Parameters<typeof memoryWirePair>[0]> = {}): MemoryWirePair {
  const pair = memoryWirePair({ clock: systemClock, delayMs: 5, mbitPerSec: 80, ...options });
  a.addWire(pair.left);
  b.addWire(pair.right);
  return pair;
}

function linked(options: Partial<Parameters<typeof memoryWirePair>[0]> = {}): {
  a: Heard;
  b: Heard;
  pair: MemoryWirePair;
} {
  const [a, b] = [listeningLink(), listeningLink()];
  return { a, b, pair: join(a.link, b.link, options) };
}

test('silence closes the link after 6 s, not before', async () => {
  const { a, pair } = linked();
  await vi.advanceTimersByTimeAsync(3000);
  pair.conditions.silent = true;
  await vi.advanceTimersByTimeAsync(5000);
  expect(a.log).toEqual(['up']);
  await vi.advanceTimersByTimeAsync(1500);
  expect(a.log).toEqual(['up', 'lost memory: silent', 'closed: the device fell silent']);
});

test('a suspected device has 1.5 s to show itself', async () => {
  const { a, b, pair } = linked();
  await vi.advanceTimersByTimeAsync(2000);
  b.link.suspect();
  await vi.advanceTimersByTimeAsync(4000);
  expect(b.log).toEqual(['up']);
  pair.conditions.silent = true;
  a.link.suspect();
  await vi.advanceTimersByTimeAsync(2500);
  expect(a.log.at(-1)).toBe('closed: the device fell silent');
});

test('a page that slept does not take its own silence for the other’s', async () => {
  const { a } = linked();
  await vi.advanceTimersByTimeAsync(1000);
  vi.setSystemTime(Date.now());
  // Time passes without timers, as in a frozen tab.
  const now = systemClock.now;
  const jump = vi.spyOn(systemClock, 'now').mockImplementation(() => now() + 60_000);
  await vi.advanceTimersByTimeAsync(2000);
  expect(a.log).toEqual(['up']);
  jump.mockRestore();
});

test('an idle link stays open and sends little', async () => {
  const { a } = linked();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(a.log).toEqual(['up']);
  expect(a.link.stats().bytesOut).toBeLessThan(60 * 2 * 50);
});

test('the round trip settles at twice the delay', async () => {
  const { a } = linked({ delayMs: 40 });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(a.link.stats().rttMs).toBeCloseTo(80, -1);
});

/** Probes of several sizes, one after the other. */
async function measured(link: Link): Promise<void> {
  const samples: { bytes: number; ms: number }[] = [];
  for (const bytes of [1024, 32 * 1024, 256 * 1024]) {
    const probe = link.probe(bytes);
    await vi.advanceTimersByTimeAsync(1000);
    samples.push({ bytes, ms: await probe });
  }
  link.calibrate(samples);
}

test('probes find delay and bandwidth of each direction within a twentieth', async () => {
  const { a, b } = linked({ delayMs: 40, mbitPerSec: 20, back: { delayMs: 40, mbitPerSec: 6 } });
  await vi.advanceTimersByTimeAsync(3000);
  await measured(a.link);
  await measured(b.link);
  for (const [{ link }, mbitPerSec] of [
    [a, 20],
    [b, 6],
  ] as const) {
    expect(Math.abs((link.stats().delayMs ?? 0) / 40 - 1)).toBeLessThan(0.05);
    expect(Math.abs((link.stats().mbitPerSec ?? 0) / mbitPerSec - 1)).toBeLessThan(0.05);
  }
});

test('where the delays differ, there and back together are right', async () => {
  const { a, b } = linked({ delayMs: 60, mbitPerSec: 20, back: { delayMs: 10 } });
  await vi.advanceTimersByTimeAsync(3000);
  await measured(a.link);
  await measured(b.link);
  expect((a.link.stats().delayMs ?? 0) + (b.link.stats().delayMs ?? 0)).toBeCloseTo(70, -1);
});

test('the traffic alone tells of another bandwidth and another delay, whatever the clocks say', async () => {
  const { a, pair } = linked({ delayMs: 20, mbitPerSec: 40 });
  await vi.advanceTimersByTimeAsync(3000);
  await measured(a.link);
  const traffic = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      void a.link.send('activation', [new Uint8Array(passed % 200 === 0 ? 140_000 : 4_000)]);
      await vi.advanceTimersByTimeAsync(100);
    }
  };
  pair.conditions.mbitPerSec = 12;
  await traffic(3000);
  expect(a.link.stats().mbitPerSec).toBeGreaterThan(10.5);
  expect(a.link.stats().mbitPerSec).toBeLessThan(13.5);
  expect(a.link.stats().delayMs).toBeLessThan(25);
  pair.conditions.mbitPerSec = 40;
  await traffic(8000);
  expect(a.link.stats().mbitPerSec).toBeGreaterThan(35);
});

test('another wire is another way', async () => {
  const { a, b } = linked({ kind: 'relayed' });
  await vi.advanceTimersByTimeAsync(1000);
  await measured(a.link);
  const lost = expect(a.link.probe(1024 * 1024)).rejects.toThrow(/changed/);
  join(a.link, b.link, { kind: 'direct' });
  await lost;
  expect(a.link.stats().delayMs).toBeNull();
});

test('a probe rejects when the link closes, and when it is larger than allowed', async () => {
  const { a } = linked();
  await expect(a.link.probe(5 * 1024 * 1024)).rejects.toThrow(RangeError);
  const probe = expect(a.link.probe(1024 * 1024)).rejects.toThrow(/closed/);
  a.link.close('enough');
  await probe;
});

test('weights get a share while activations keep coming', async () => {
  const { a, b } = linked();
  void a.link.send('shard', [new Uint8Array(512 * 1024)]);
  for (let i = 0; i < 40; i++) void a.link.send('activation', [new Uint8Array(256 * 1024)]);
  for (let i = 0; i < 1000 && !b.binary.some(({ kind }) => kind === 'shard'); i++) {
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(b.binary.filter(({ kind }) => kind === 'activation').length).toBeLessThan(40);
});

test('weights leave the last half of the buffer to activations', async () => {
  const { a, b } = linked({ mbitPerSec: 8 });
  for (let i = 0; i < 4; i++) void a.link.send('shard', [new Uint8Array(1024 * 1024)]);
  await vi.advanceTimersByTimeAsync(500);
  void a.link.send('activation', [new Uint8Array(1024)]);
  const before = systemClock.now();
  while (!b.binary.some(({ kind }) => kind === 'activation')) await vi.advanceTimersByTimeAsync(10);
  // 512 KiB and a packet at 1 MB/s.
  expect(systemClock.now() - before).toBeLessThan(620);
});

test('new traffic moves to a better wire, and nothing is lost or doubled', async () => {
  const { a, b, pair } = linked({ kind: 'relayed', mbitPerSec: 8 });
  const sizes = [300_000, 200_000, 100_000];
  for (const [i, n] of sizes.entries()) void a.link.send('shard', [patterned(n, i)]);
  await vi.advanceTimersByTimeAsync(100);
  join(a.link, b.link, { kind: 'direct' });
  expect(a.link.stats().kind).toBe('direct');
  const relayedBytes = pair.left.bufferedBytes();
  await vi.advanceTimersByTimeAsync(5000);
  expect(pair.left.bufferedBytes()).toBeLessThanOrEqual(relayedBytes);
  expect(b.binary.map(({ bytes }) => bytes.byteLength).sort()).toEqual([...sizes].sort());
  expect(b.log).toEqual(['up']);
});

test('whatever a lost wire swallowed is sent again over the next one, exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 4 }),
      async (sizes, losses) => {
        const { a, b, pair } = linked({ jitterMs: 10, random: seeded(sizes.length) });
        let current = pair;
        for (const [i, n] of sizes.entries()) {
          void a.link.send('activation', [patterned(n, i)]);
          a.link.sendControl(String(i));
          void b.link.send('shard', [patterned(n, i)]);
        }
        for (const ms of losses) {
          await vi.advanceTimersByTimeAsync(ms);
          current.left.close('cut');
          await vi.advanceTimersByTimeAsync(50);
          current = join(a.link, b.link, { jitterMs: 10, random: seeded(ms) });
        }
        await vi.advanceTimersByTimeAsync(10_000);
        const wanted = sizes.map((n, i) => digest(patterned(n, i))).sort();
        expect(b.control).toEqual(sizes.map((_, i) => String(i)));
        expect(b.binary.map(({ bytes }) => digest(bytes)).sort()).toEqual(wanted);
        expect(a.binary.map(({ bytes }) => digest(bytes)).sort()).toEqual(wanted);
        a.link.close('done');
        await vi.advanceTimersByTimeAsync(1000);
      },
    ),
    { numRuns: 25 },
  );
});

test('a link without any wire gives up after 6 s', async () => {
  const { a, pair } = linked();
  await vi.advanceTimersByTimeAsync(1000);
  pair.left.close('cut');
  await vi.advanceTimersByTimeAsync(5500);
  expect(a.log).toEqual(['up', 'lost memory: cut']);
  await vi.advanceTimersByTimeAsync(1000);
  expect(a.log.at(-1)).toBe('closed: no way to the device is left');
});

test('a relay is no way before something was heard over it', async () => {
  const [a, b] = [listeningLink(), listeningLink()];
  const { left, right } = memoryWirePair({ clock: systemClock, kind: 'relayed', delayMs: 5 });
  a.link.addWire(left);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(a.log).toEqual([]);
  expect(a.link.stats().kind).toBe('connecting');
  b.link.addWire(right);
  await vi.advanceTimersByTimeAsync(100);
  expect([a.log, b.log]).toEqual([['up'], ['up']]);
  expect(a.link.stats().kind).toBe('relayed');
});

test.each([
  ['random bytes', new Uint8Array(100).fill(77)],
  ['a packet too short', new Uint8Array(3)],
])('%s close the link, and say why', async (_, bytes) => {
  const { a, pair } = linked();
  await vi.advanceTimersByTimeAsync(100);
  pair.right.send(bytes);
  await vi.advanceTimersByTimeAsync(100);
  expect(a.log[1]).toMatch(/^broken: A packet is malformed/);
  expect(a.log[2]).toMatch(/^closed: A packet is malformed/);
});

test('a peer that pings without end and reads nothing does not fill our buffer', () => {
  let buffered = 0;
  let hear: (bytes: Uint8Array<ArrayBuffer>) => void = () => undefined;
  const wire: Wire = {
    kind: 'memory',
    maxPacketBytes: 65_536,
    bufferedBytes: () => buffered,
    send: ({ byteLength }) => {
      buffered += byteLength;
    },
    listen: ({ packet }) => {
      hear = packet;
    },
    close: () => undefined,
  };
  const { link } = listeningLink();
  link.addWire(wire);
  const ping = new Uint8Array(PACKET_HEADER_BYTES + 16);
  const header = { sequence: 0, acknowledged: 0, message: 0, total: 16, offset: 0 } as const;
  writePacketHeader(ping, { kind: 'ping', ...header });
  for (let n = 0; n < 100_000; n++) hear(ping);
  expect(buffered).toBeLessThan(2.1 * 1024 ** 2);
  link.close('done');
});

test('random packets never throw, whatever they claim', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(9), fc.uint8Array({ minLength: 24, maxLength: 60 }), async (kind, bytes) => {
      const { a, pair } = linked();
      const packet = new Uint8Array(bytes);
      packet[0] = kind;
      // Small numbers are believed more easily.
      for (const high of [5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 22, 23]) packet[high] = 0;
      pair.right.send(packet);
      await vi.advanceTimersByTimeAsync(200);
      a.link.close('done');
      await vi.advanceTimersByTimeAsync(500);
    }),
    { numRuns: 200 },
  );
});

test('bytes are counted on both sides', async () => {
  const { a, b } = linked();
  void a.link.send('shard', [new Uint8Array(1_000_000)]);
  await vi.advanceTimersByTimeAsync(5000);
  expect(a.link.stats().bytesOut).toBeGreaterThan(1_000_000);
  expect(a.link.stats().bytesOut).toBeLessThan(1_010_000);
  expect(b.link.stats().bytesIn).toBeGreaterThan(1_000_000);
});

test('a direct wire through a TURN server is told apart, for as long as it goes there', () => {
  const { a, pair } = linked({ kind: 'direct' });
  expect(a.link.stats().kind).toBe('direct');
  const through = Object.assign(pair.left, { throughTurn: true });
  expect([a.link.stats().kind, a.link.has('direct')]).toEqual(['turn', true]);
  through.throughTurn = false;
  expect(a.link.stats().kind).toBe('direct');
});
