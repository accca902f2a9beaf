import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HIGH_WATER_BYTES, LOW_WATER_BYTES } from './flow.ts';
import type { Wire } from './wire.ts';

/** Writes down what a wire says. */
class Notes {
  readonly packets: Uint8Array[] = [];
  readonly closed: string[] = [];
  drained = 0;
  onDrained: () => void = () => undefined;

  constructor(wire: Wire) {
    wire.listen({
      packet: (bytes) => this.packets.push(bytes),
      drained: () => {
        this.drained += 1;
        this.onDrained();
      },
      closed: (reason) => this.closed.push(reason),
    });
  }
}

export interface WireUnderTest {
  readonly left: Wire;
  readonly right: Wire;
  /** True where closing one end is heard at the other. */
  readonly closesBothEnds: boolean;
}

/** What every Wire promises. `make` is called under fake timers and gives a wire with finite bandwidth. */
export function wireContract(name: string, make: () => WireUnderTest): void {
  describe(`${name} keeps the contract of a wire`, () => {
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    test('packets of 1 byte to the maximum arrive whole, in both directions', async () => {
      const { left, right } = make();
      const [atLeft, atRight] = [new Notes(left), new Notes(right)];
      const sent = [1, 7, 24, 1000, left.maxPacketBytes].map((n) => new Uint8Array(n).fill(n % 256));
      for (const packet of sent) {
        left.send(packet);
        right.send(packet);
      }
      await vi.advanceTimersByTimeAsync(5000);
      const bySize = (a: Uint8Array, b: Uint8Array): number => a.byteLength - b.byteLength;
      expect(atRight.packets.sort(bySize)).toEqual(sent);
      expect(atLeft.packets.sort(bySize)).toEqual(sent);
    });

    test('the bytes may be reused as soon as send returns', async () => {
      const { left, right } = make();
      const notes = new Notes(right);
      const packet = new Uint8Array([1, 2, 3]);
      left.send(packet);
      packet.fill(0);
      await vi.advanceTimersByTimeAsync(5000);
      expect(notes.packets.map((p) => [...p])).toEqual([[1, 2, 3]]);
    });

    test('packets that came before the listener are kept for it', async () => {
      const { left, right } = make();
      left.send(new Uint8Array([9]));
      await vi.advanceTimersByTimeAsync(5000);
      expect(new Notes(right).packets.map((p) => [...p])).toEqual([[9]]);
    });

    test('bufferedBytes grows with each send, and drained tells when it fell to low water', async () => {
      const { left, right } = make();
      const notes = new Notes(left);
      new Notes(right);
      while (left.bufferedBytes() < HIGH_WATER_BYTES) left.send(new Uint8Array(left.maxPacketBytes));
      expect(left.bufferedBytes()).toBeLessThan(HIGH_WATER_BYTES + 2 * left.maxPacketBytes);
      let atDrained = -1;
      notes.onDrained = () => {
        atDrained = left.bufferedBytes();
      };
      await vi.advanceTimersByTimeAsync(60_000);
      expect(notes.drained).toBe(1);
      expect(atDrained).toBeLessThanOrEqual(LOW_WATER_BYTES);
      expect(left.bufferedBytes()).toBe(0);
    });

    test('closed comes exactly once, and nothing follows', async () => {
      const { left, right, closesBothEnds } = make();
      const [atLeft, atRight] = [new Notes(left), new Notes(right)];
      right.send(new Uint8Array([1]));
      left.close('enough');
      left.close('again');
      await vi.advanceTimersByTimeAsync(5000);
      expect(atLeft.closed).toEqual(['enough']);
      expect(atLeft.packets).toEqual([]);
      expect(atRight.closed.length).toBe(closesBothEnds ? 1 : 0);
    });

    test('send after close throws LinkClosedError', () => {
      const { left } = make();
      left.close('enough');
      expect(() => left.send(new Uint8Array(1))).toThrow(
        expect.objectContaining({ name: 'LinkClosedError' }),
      );
    });

    test('a listener that comes after close hears of it', () => {
      const { left } = make();
      left.close('enough');
      expect(new Notes(left).closed).toEqual(['enough']);
    });
  });
}
