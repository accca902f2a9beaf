import { signal } from '@preact/signals';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { shown } from './shown.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a change shows within two frames, a burst is thinned, and the last value always arrives', () => {
  const source = signal(0);
  const view = shown(source);
  const seen: number[] = [];
  view.subscribe((value) => seen.push(value));
  for (let i = 1; i <= 25; i++) {
    source.value = i;
    vi.advanceTimersByTime(10);
  }
  vi.advanceTimersByTime(500);
  expect(seen.slice(0, 2)).toEqual([0, 2]);
  expect(seen.at(-1)).toBe(25);
  expect(seen.length).toBeLessThanOrEqual(6);
  source.value = 26;
  vi.advanceTimersByTime(32);
  expect(view.value).toBe(26);
});
