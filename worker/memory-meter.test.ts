import { describe, expect, test } from 'vitest';
import { MemoryMeter } from './memory-meter.ts';

describe('MemoryMeter', () => {
  test('remembers the most of heap and buffers together, though the heap grew while the buffers were held', () => {
    let heap = 10;
    const meter = new MemoryMeter(() => heap);
    meter.take(5);
    expect(meter.read()).toEqual({ heapBytes: 10, bufferBytes: 5, peakBytes: 15 });
    heap = 30;
    meter.giveBack(5);
    expect(meter.read()).toEqual({ heapBytes: 30, bufferBytes: 0, peakBytes: 35 });
    heap = 32;
    expect(meter.read().peakBytes).toBe(35);
  });
});
