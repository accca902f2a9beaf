import { expect, test } from 'vitest';
import { PeerClock } from './peer-clock.ts';

/** Their clock, seen at our `now`. */
const theirs = (now: number): number => now + 5000;

/** A ping that goes at `at`, takes `there` and comes `back`. */
function trip(clock: PeerClock, at: number, there: number, back: number): void {
  const ping = new Uint8Array(16);
  new DataView(ping.buffer).setFloat64(0, at, true);
  clock.heard(at + there + back, PeerClock.echo(ping, theirs(at + there)));
}

test('says how long something was under way, whatever the clocks show', () => {
  const clock = new PeerClock();
  expect(clock.passed(0, theirs(30), 100)).toBeUndefined();
  trip(clock, 0, 4, 4);
  expect(clock.tinyMs).toBe(4);
  expect(clock.passed(1000, theirs(1030), 1200)).toBe(30);
});

test('the quickest echo counts, as late ones come from busy pages', () => {
  const clock = new PeerClock();
  trip(clock, 0, 50, 4);
  trip(clock, 1000, 4, 4);
  trip(clock, 2000, 4, 90);
  expect(clock.tinyMs).toBe(4);
  expect(clock.passed(3000, theirs(3030), 3100)).toBe(30);
});

test('an old echo gives way to a slightly slower one, as clocks drift', () => {
  const clock = new PeerClock();
  trip(clock, 0, 4, 4);
  trip(clock, 10_000, 6, 6);
  expect(clock.tinyMs).toBe(4);
  trip(clock, 60_000, 6, 6);
  expect(clock.tinyMs).toBe(6);
});

test('foreign times never make more of it than our own clock allows', () => {
  const clock = new PeerClock();
  trip(clock, 0, 4, 4);
  expect(clock.passed(1000, theirs(9000), 1200)).toBe(200);
  expect(clock.passed(1000, theirs(0), 1200)).toBe(0);
  expect(clock.passed(1000, Number.NaN, 1200)).toBeUndefined();
  clock.heard(2000, new Uint8Array(24).fill(255));
  clock.heard(2000, new Uint8Array(3));
  expect(clock.tinyMs).toBe(4);
});

test('says how far their clock is ahead, and by how much it may be off', () => {
  const clock = new PeerClock();
  expect(clock.offset(0)).toBeNull();
  trip(clock, 0, 1, 7);
  // The true 5000 lie within the error, though the two ways were as unequal as can be.
  expect(clock.offset(8)).toEqual({ aheadMs: 4997, errorMs: 4 });
  expect(clock.offset(20_008)?.errorMs).toBe(6);
});
