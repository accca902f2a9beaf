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
    heap.grow(1);
    expect(gauge.bytes()).toBe(3 * PAGE);
  });

  test('grants the third request of three, and small ones at once', () => {
    watchHeap();
    const heap = new WebAssembly.Memory({ initial: 100, maximum: 1000, shared: true });
    expect(() => heap.grow(20)).toThrow(RangeError);
    expect(() => heap.grow(10)).toThrow(RangeError);
    expect(heap.grow(5)).toBe(100);
    // What is needed is larger than any step: the same request three times.
    expect(() => heap.grow(300)).toThrow(RangeError);
    expect(() => heap.grow(300)).toThrow(RangeError);
    expect(heap.grow(300)).toBe(105);
    expect(heap.grow(1)).toBe(405);
  });

  test('grows it to what is wanted, never back', () => {
    const gauge = watchHeap();
    gauge.growTo(5 * PAGE);
    new WebAssembly.Memory({ initial: 2, maximum: 8, shared: true });
    gauge.growTo(4 * PAGE + 1);
    expect(gauge.bytes()).toBe(5 * PAGE);
    gauge.growTo(PAGE);
    expect(gauge.bytes()).toBe(5 * PAGE);
  });

  test('leaves it as it is where so much is not to be had', () => {
    const gauge = watchHeap();
    new WebAssembly.Memory({ initial: 2, maximum: 8, shared: true });
    gauge.growTo(100 * PAGE);
    expect(gauge.bytes()).toBe(2 * PAGE);
  });
});
