import { expect, test } from 'vitest';
import { DraftPolicy } from './draft-policy.ts';

test('drafts grow while they are right, and begin once it is known what a token costs', () => {
  const policy = new DraftPolicy();
  expect(policy.size).toBe(0);
  policy.ran(10, 0, 0);
  expect(policy.size).toBe(2);
  policy.ran(12, 2, 2);
  policy.ran(15, 4, 4);
  policy.ran(20, 8, 8);
  expect(policy.size).toBe(8);
});

test('drafts that cost more than they bring stop for a while, and are tried again', () => {
  const policy = new DraftPolicy();
  policy.ran(10, 0, 0);
  policy.ran(30, 2, 0);
  expect(policy.size).toBe(0);
  for (let n = 0; n < 24; n++) policy.ran(10, 0, 0);
  expect(policy.size).toBe(1);
});
