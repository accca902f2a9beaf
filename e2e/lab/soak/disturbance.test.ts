import { expect, test } from 'vitest';
import { seededRandom } from '../../../core/graph/seeded-random.ts';
import { drawDisturbance } from './disturbance.ts';

const drawn = (seed: number, room: Parameters<typeof drawDisturbance>[1], count = 200) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => drawDisturbance(random, room));
};

test('the same seed gives the same disturbances, another one others', () => {
  const room = { alive: 5, missing: 1, victims: [1, 2, 3, 4] };
  expect(drawn(7, room)).toEqual(drawn(7, room));
  expect(drawn(7, room)).not.toEqual(drawn(8, room));
});

test('all kinds come, to all victims and to nobody else', () => {
  const all = drawn(1, { alive: 4, missing: 1, victims: [2, 4] });
  expect(new Set(all.map((each) => each?.kind))).toEqual(new Set(['kill', 'freeze', 'rejoin']));
  expect(new Set(all.flatMap((each) => (each && 'device' in each ? [each.device] : [])))).toEqual(
    new Set([2, 4]),
  );
});

test('nobody is killed in a room of few while others could come back', () => {
  const few = drawn(1, { alive: 3, missing: 2, victims: [1, 2] });
  expect(few.every((each) => each?.kind === 'rejoin')).toBe(true);
  const none = drawn(1, { alive: 5, missing: 0, victims: [1] });
  expect(none.some((each) => each?.kind === 'rejoin')).toBe(false);
});
