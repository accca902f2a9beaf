import { afterEach, describe, expect, test } from 'vitest';
import { watchHeap } from './heap-gauge.ts';

const PAGE = 65_536;
const original = WebAssembly.Memory;
afterEach(() => {
  WebAssembly.Memory = original;
});

describe('watchHeap', () => {
  test('follows the shared memory as it grows, and no private one', () => {
    const heapBytes = watchHeap();
    expect(heapBytes()).toBe(0);
    new WebAssembly.Memory({ initial: 9, maximum: 9 });
    const heap = new WebAssembly.Memory({ initial: 2, maximum: 8, shared: true });
    expect(heap).toBeInstanceOf(original);
    expect(heapBytes()).toBe(2 * PAGE);
    heap.grow(3);
    expect(heapBytes()).toBe(5 * PAGE);
  });
});
