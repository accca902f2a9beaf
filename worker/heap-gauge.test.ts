import { afterEach, describe, expect, test } from 'vitest';
import { watchHeap } from './heap-gauge.ts';

const PAGE = 65_536;
const original = WebAssembly.Memory;
afterEach(() => {
  WebAssembly.Memory = original;
});

describe('watchHeap', () => {
  test('follows the shared memory as it grows, and no private one', () => {
    const gauge = watchHeap();
    expect(gauge.bytes()).toBe(0);
    new WebAssembly.Memory({ initial: 9, maximum: 9 });
    const heap = new WebAssembly.Memory({ initial: 2, maximum: 8, shared: true });
    expect(heap).toBeInstanceOf(original);
    expect(gauge.bytes()).toBe(2 * PAGE);
    heap.grow(3);
    expect(gauge.bytes()).toBe(5 * PAGE);
  });

  test('makes the heap as large as is expected, within what it may become', () => {
    const gauge = watchHeap();
    gauge.expect(100e6);
    new WebAssembly.Memory({ initial: 2, maximum: 4096, shared: true });
    expect(gauge.bytes()).toBeGreaterThan(100e6);
    expect(gauge.bytes()).toBeLessThan(130e6);
    const small = new WebAssembly.Memory({ initial: 2, maximum: 8, shared: true });
    expect(small.buffer.byteLength).toBe(8 * PAGE);
  });

  test('leaves it as it was asked for where so much is not to be had', () => {
    WebAssembly.Memory = new Proxy(original, {
      construct: (target, [asked]: [WebAssembly.MemoryDescriptor]) => {
        if (asked.initial > 8) throw new RangeError('could not allocate memory');
        return new target(asked);
      },
    });
    const gauge = watchHeap();
    gauge.expect(100e6);
    new WebAssembly.Memory({ initial: 2, maximum: 4096, shared: true });
    expect(gauge.bytes()).toBe(2 * PAGE);
  });
});
