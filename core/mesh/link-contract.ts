import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';
import { HIGH_WATER_BYTES, PACKET_BYTES } from './flow.ts';
import { Link } from './link.ts';
import type { BinaryKind } from './network.ts';
import type { Wire } from './wire.ts';

const SLICE = PACKET_BYTES - 24;

/** A link and everything it said. */
export interface Heard {
  readonly link: Link;
  readonly control: string[];
  readonly binary: { kind: BinaryKind; bytes: Uint8Array<ArrayBuffer> }[];
  readonly log: string[];
}

/** A link that writes down what it hears. */
export function listeningLink(onWireLost: (link: Link) => void = () => undefined): Heard {
  const control: string[] = [];
  const binary: Heard['binary'] = [];
  const log: string[] = [];
  const link: Link = new Link(systemClock, {
    up: () => log.push('up'),
    control: (text) => control.push(text),
    binary: (kind, bytes) => binary.push({ kind, bytes }),
    changed: () => undefined,
    wireLost: (kind, reason) => {
      log.push(`lost ${kind}: ${reason}`);
      onWireLost(link);
    },
    broken: (error) => log.push(`broken: ${error.message}`),
    closed: (reason) => log.push(`closed: ${reason}`),
  });
  return { link, control, binary, log };
}

/** Bytes that tell a message and a place in it. */
export function patterned(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + seed * 17 + (i >> 8)) % 251;
  return bytes;
}

/** Length and FNV-1a hash: comparing these is quicker than comparing megabytes with a matcher. */
export function digest(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `${bytes.byteLength} bytes, ${hash.toString(16)}`;
}

/** What every Link promises, over any kind of wire. `make` gives two ends with some delay and jitter. */
export function linkContract(name: string, make: () => { left: Wire; right: Wire }): void {
  function pair(): { a: Heard; b: Heard; left: Wire; right: Wire } {
    const { left, right } = make();
    const [a, b] = [listeningLink(), listeningLink()];
    a.link.addWire(left);
    b.link.addWire(right);
    return { a, b, left, right };
  }

  describe(`a link over ${name}`, () => {
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    test('a message over its limit is refused at once, and the link goes on', async () => {
      const { a, b } = pair();
      const largest = new Uint8Array(16 * 1024 * 1024 + 8);
      await expect(a.link.send('shard', [largest, new Uint8Array(1)])).rejects.toThrow(
        /at most 16777224 bytes/,
      );
      expect(() => a.link.sendControl('x'.repeat(1024 * 1024 + 1))).toThrow(RangeError);
      a.link.sendControl('still here');
      await vi.advanceTimersByTimeAsync(1000);
      expect(b.control).toEqual(['still here']);
    });

    test.each([0, 1, SLICE - 1, SLICE, SLICE + 1, 5 * 1024 * 1024])(
      'carries a message of %i bytes',
      async (n) => {
        const { a, b } = pair();
        const message = patterned(n, 1);
        const third = Math.floor(n / 3);
        const parts = [message.subarray(0, third), message.subarray(third, third), message.subarray(third)];
        const sent = a.link.send('activation', parts);
        await vi.advanceTimersByTimeAsync(20_000);
        await sent;
        expect(b.binary.length).toBe(1);
        expect(b.binary[0]?.kind).toBe('activation');
        expect(b.binary[0] && digest(b.binary[0].bytes)).toBe(digest(message));
        expect((b.binary[0]?.bytes.byteOffset ?? 1) % 8).toBe(0);
      },
    );

    test('random traffic in both directions arrives complete, once, control in order', async () => {
      const traffic = fc.array(
        fc.record({
          from: fc.constantFrom<'a' | 'b'>('a', 'b'),
          kind: fc.constantFrom<'control' | BinaryKind>('control', 'activation', 'shard'),
          bytes: fc.integer({ min: 0, max: 300_000 }),
          waitMs: fc.nat(50),
        }),
        { maxLength: 12 },
      );
      await fc.assert(
        fc.asyncProperty(traffic, async (messages) => {
          const ends = pair();
          for (const [index, { from, kind, bytes, waitMs }] of messages.entries()) {
            const { link } = ends[from];
            if (kind === 'control') link.sendControl(`${index}:${'x'.repeat(bytes)}`);
            else void link.send(kind, [patterned(bytes, index)]);
            await vi.advanceTimersByTimeAsync(waitMs);
          }
          await vi.advanceTimersByTimeAsync(10_000);
          for (const [from, to] of [
            ['a', 'b'],
            ['b', 'a'],
          ] as const) {
            const mine = [...messages.entries()].filter(([, m]) => m.from === from);
            const control = mine.filter(([, m]) => m.kind === 'control').map(([i, m]) => [i, m.bytes]);
            expect(
              ends[to].control.map((t) => [Number.parseInt(t, 10), t.length - t.indexOf(':') - 1]),
            ).toEqual(control);
            const key = (kind: string, b: Uint8Array): string => `${kind} ${digest(b)}`;
            const binary = mine
              .filter(([, m]) => m.kind !== 'control')
              .map(([i, m]) => key(m.kind, patterned(m.bytes, i)));
            expect(ends[to].binary.map((m) => key(m.kind, m.bytes)).sort()).toEqual(binary.sort());
          }
          ends.a.link.close('done');
          await vi.advanceTimersByTimeAsync(1000);
        }),
        { numRuns: 15 },
      );
    });

    test('the wire never holds more than high water and one packet', async () => {
      const { a, left } = pair();
      let most = 0;
      const send = left.send.bind(left);
      left.send = (packet) => {
        send(packet);
        most = Math.max(most, left.bufferedBytes());
      };
      void a.link.send('activation', [new Uint8Array(6 * 1024 * 1024)]);
      await vi.advanceTimersByTimeAsync(20_000);
      expect(most).toBeGreaterThan(HIGH_WATER_BYTES / 2);
      expect(most).toBeLessThanOrEqual(HIGH_WATER_BYTES + 2 * PACKET_BYTES);
    });

    test('an activation overtakes weights, and control overtakes both', async () => {
      const { a, b } = pair();
      void a.link.send('shard', [new Uint8Array(3 * 1024 * 1024)]);
      void a.link.send('activation', [new Uint8Array(3 * 1024 * 1024)]);
      a.link.sendControl('first');
      const order: string[] = [];
      for (let i = 0; i < 1000 && order.length < 3; i++) {
        await vi.advanceTimersByTimeAsync(10);
        if (b.control.length > 0 && !order.includes('control')) order.push('control');
        for (const { kind } of b.binary) if (!order.includes(kind)) order.push(kind);
      }
      expect(order).toEqual(['control', 'activation', 'shard']);
    });

    test('close in the middle of a message rejects it and every one behind it, once', async () => {
      const { a, b } = pair();
      const outcomes: string[] = [];
      for (const name of ['one', 'two']) {
        a.link.send('shard', [new Uint8Array(4 * 1024 * 1024)]).then(
          () => outcomes.push(`${name} sent`),
          (error) => outcomes.push(`${name} ${error.name}`),
        );
      }
      await vi.advanceTimersByTimeAsync(30);
      a.link.close('enough');
      await vi.advanceTimersByTimeAsync(5000);
      expect(outcomes).toEqual(['one LinkClosedError', 'two LinkClosedError']);
      expect(a.log.at(-1)).toBe('closed: enough');
      expect(b.log.at(-1)).toBe('closed: enough');
      await expect(a.link.send('shard', [])).rejects.toThrow(/enough/);
    });

    test('an aborted message is given up on both sides, and the link goes on', async () => {
      const { a, b } = pair();
      const controller = new AbortController();
      const sent = a.link.send('shard', [new Uint8Array(4 * 1024 * 1024)], { signal: controller.signal });
      const outcome = expect(sent).rejects.toThrow('changed my mind');
      await vi.advanceTimersByTimeAsync(30);
      controller.abort(new Error('changed my mind'));
      await outcome;
      for (let i = 0; i < 70; i++) await a.link.send('activation', [new Uint8Array([i])]);
      await vi.advanceTimersByTimeAsync(5000);
      expect(b.binary.map(({ kind, bytes }) => `${kind} ${bytes[0]}`).sort()).toEqual(
        Array.from({ length: 70 }, (_, i) => `activation ${i}`).sort(),
      );
    });

    test('an aborted signal refuses a message before it begins', async () => {
      const { a, b } = pair();
      await expect(
        a.link.send('activation', [new Uint8Array(1)], { signal: AbortSignal.abort(new Error('too late')) }),
      ).rejects.toThrow('too late');
      await vi.advanceTimersByTimeAsync(1000);
      expect(b.binary).toEqual([]);
    });

    test('a round trip is measured', async () => {
      const { a } = pair();
      await vi.advanceTimersByTimeAsync(5000);
      const { rttMs } = a.link.stats();
      expect(rttMs).toBeGreaterThan(1);
      expect(rttMs).toBeLessThan(100);
    });
  });
}
