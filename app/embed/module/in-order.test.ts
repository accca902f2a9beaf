import { describe, expect, it } from 'vitest';
import { inOrder } from './in-order.ts';

describe('many items', () => {
  it('are worked on several at once, and come in their order', async () => {
    let [running, most] = [0, 0];
    const results: number[] = [];
    const items = [50, 1, 20, 1, 5, 1];
    for await (const result of inOrder(items, 3, async (ms) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, ms));
      running--;
      return ms;
    })) {
      results.push(result);
    }
    expect(results).toEqual(items);
    expect(most).toBe(3);
  });

  it('end with the first failure, in its place', async () => {
    const results: number[] = [];
    const all = async (): Promise<void> => {
      for await (const result of inOrder([1, 2, 3, 4], 4, async (n) => {
        if (n > 1) throw new Error(`item ${n}`);
        return n;
      })) {
        results.push(result);
      }
    };
    await expect(all()).rejects.toThrow('item 2');
    expect(results).toEqual([1]);
  });
});
