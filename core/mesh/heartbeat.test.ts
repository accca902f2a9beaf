import { expect, test } from 'vitest';
import { Heartbeat } from './heartbeat.ts';

/** Echoes a ping after `rtt`. */
function trip(heart: Heartbeat, at: number, rtt: number, buffered = 0): void {
  heart.pong(at + rtt, heart.ping(at, buffered));
}

test('the round trip follows short ones quickly and long ones slowly', () => {
  const heart = new Heartbeat(0);
  trip(heart, 0, 80);
  expect(heart.rttMs).toBe(80);
  trip(heart, 1000, 40);
  expect(heart.rttMs).toBe(60);
  trip(heart, 2000, 140);
  expect(heart.rttMs).toBe(70);
});

test('a ping behind our own queue says nothing about the way', () => {
  const heart = new Heartbeat(0);
  trip(heart, 0, 10);
  trip(heart, 1000, 500, 1_000_000);
  expect(heart.rttMs).toBe(10);
});

test.each([
  ['from the future', 500],
  ['older than a minute', -61_000],
  ['not a number', Number.NaN],
])('an echo %s is ignored', (_, sentAt) => {
  const heart = new Heartbeat(0);
  const echo = new Uint8Array(16);
  new DataView(echo.buffer).setFloat64(0, sentAt, true);
  expect(heart.pong(100, echo)).toBe(false);
  expect(heart.pong(100, new Uint8Array(3))).toBe(false);
  expect(heart.rttMs).toBeNull();
});

test('after six quick pings an idle link pings once a second, a busy one at each tick', () => {
  const pings = (busy: boolean): number[] => {
    const heart = new Heartbeat(0);
    const at: number[] = [];
    for (let now = 0; now < 6000; now += 250) {
      heart.heard(now);
      if (heart.tick(now, busy) !== 'ping') continue;
      heart.ping(now, 0);
      at.push(now);
    }
    return at;
  };
  expect(pings(false)).toEqual([0, 250, 500, 750, 1000, 1250, 2250, 3250, 4250, 5250]);
  expect(pings(true).length).toBe(24);
});

test('another wire has another round trip', () => {
  const heart = new Heartbeat(0);
  trip(heart, 0, 10);
  heart.changed(100);
  expect(heart.rttMs).toBeNull();
});
