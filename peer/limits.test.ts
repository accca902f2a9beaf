import { expect, test } from 'vitest';
import { machineFacts, memoryBudget, threadChoices } from './limits.ts';

const GB = 1024 ** 3;

test('half of the memory, unless another amount is asked for', () => {
  expect(memoryBudget({ cores: 8, memoryBytes: 16 * GB }, null)).toBe(8 * GB);
  expect(memoryBudget({ cores: 8, memoryBytes: 16 * GB }, 12e9)).toBe(12e9);
});

test('several numbers of threads are tried, each once, and none below one', () => {
  expect(threadChoices({ cores: 16, memoryBytes: GB }, null)).toEqual([8, 15, 1]);
  expect(threadChoices({ cores: 2, memoryBytes: GB }, null)).toEqual([1]);
  expect(threadChoices({ cores: 1, memoryBytes: GB }, null)).toEqual([1]);
  expect(threadChoices({ cores: 16, memoryBytes: GB }, 3)).toEqual([3]);
});

test('this computer has cores and memory', () => {
  const { cores, memoryBytes } = machineFacts();
  expect(cores).toBeGreaterThanOrEqual(1);
  expect(memoryBytes).toBeGreaterThan(100e6);
  expect(memoryBytes).toBeLessThan(1e15);
});
