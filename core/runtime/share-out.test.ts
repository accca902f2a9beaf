import { expect, test } from 'vitest';
import type { PeerId } from '../ids.ts';
import { ShareOut, soonest } from './share-out.ts';

const [A, B] = ['a', 'b'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId];
const holders = [
  { peer: A, ms: 10 },
  { peer: B, ms: 30 },
];

test('deals by speed, in turns', () => {
  const out = new ShareOut();
  expect(Array.from({ length: 8 }, () => out.next(holders))).toEqual([A, A, A, B, A, A, A, B]);
});

test('times too short to measure are shared evenly', () => {
  const out = new ShareOut();
  const quick = holders.map(({ peer }) => ({ peer, ms: 0 }));
  expect(Array.from({ length: 4 }, () => out.next(quick))).toEqual([A, B, A, B]);
});

test('an idle slow device waits while the fast one would still be done sooner', () => {
  const busy = new Map([[A, 1]]);
  expect(soonest(holders, (peer) => busy.get(peer) ?? 0)?.peer).toBe(A);
  busy.set(A, 3);
  expect(soonest(holders, (peer) => busy.get(peer) ?? 0)?.peer).toBe(B);
  expect(soonest([], () => 0)).toBeUndefined();
});
