import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryMarks } from './memory-marks.ts';

const MB = 1e6;
let stored: Map<string, string>;
let alive: Set<string>;
beforeEach(() => {
  stored = new Map();
  alive = new Set();
});

/** A page that begins a visit; those before it are gone unless they are `alive`. */
function visit(page: string): MemoryMarks {
  return new MemoryMarks({
    slots: {
      getItem: (slot) => stored.get(slot) ?? null,
      setItem: (slot, text) => void stored.set(slot, text),
      removeItem: (slot) => void stored.delete(slot),
    },
    page,
    lives: async (other) => alive.has(other),
  });
}

describe('MemoryMarks', () => {
  test('a page that died while loading leaves a budget of 70 % of what it tried', async () => {
    expect(await visit('a').limit()).toBeNull();
    visit('b').begin(500 * MB);
    expect(await visit('c').limit()).toBe(350 * MB);
    expect(await visit('d').limit()).toBe(350 * MB);
    visit('e').begin(300 * MB);
    expect(await visit('f').limit()).toBe(210 * MB);
  });

  test.each(['ready', 'failed'] as const)('a load that was %s leaves no mark', async (outcome) => {
    visit('a').begin(500 * MB)(outcome);
    expect(await visit('b').limit()).toBeNull();
    expect(stored.size).toBe(0);
  });

  test('a page that leaves while it loads is not taken for dead, nor is one that loads in another tab', async () => {
    const left = visit('a');
    left.begin(500 * MB);
    left.leave();
    expect(await visit('b').limit()).toBeNull();
    alive.add('c');
    visit('c').begin(500 * MB);
    expect(await visit('d').limit()).toBeNull();
    alive.delete('c');
    expect(await visit('e').limit()).toBe(350 * MB);
  });

  test('loads that come close to the budget and succeed raise it step by step, small ones do not', async () => {
    visit('a').begin(500 * MB);
    const page = visit('b');
    await page.limit();
    page.begin(100 * MB)('ready');
    page.begin(340 * MB)('failed');
    expect(await page.limit()).toBe(350 * MB);
    page.begin(340 * MB)('ready');
    expect(await page.limit()).toBeCloseTo(385 * MB, 0);
  });

  test('small loads are not watched', async () => {
    visit('a').begin(10 * MB);
    expect(await visit('b').limit()).toBeNull();
  });

  test('foreign, damaged and refused storage teaches nothing', async () => {
    stored.set('potluck:loading', '[{"page":"x"},7]');
    stored.set('potluck:memory-limit', '"much"');
    expect(await visit('a').limit()).toBeNull();
    stored.set('potluck:loading', '{');
    expect(await visit('a').limit()).toBeNull();
    const refused = (): never => {
      throw new Error('QuotaExceededError');
    };
    const page = new MemoryMarks({
      slots: { getItem: refused, setItem: refused, removeItem: refused },
      page: 'a',
      lives: async () => false,
    });
    expect(() => page.begin(500 * MB)('ready')).not.toThrow();
    expect(await page.limit()).toBeNull();
  });
});
