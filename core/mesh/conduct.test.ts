import { beforeEach, expect, test } from 'vitest';
import { ProtocolError } from '../errors.ts';
import type { PeerId } from '../ids.ts';
import { VirtualClock } from '../weights/virtual-clock.ts';
import { Conduct } from './conduct.ts';

const [A, B] = ['a'.repeat(16), 'b'.repeat(16)] as [PeerId, PeerId];

let clock: VirtualClock;
let conduct: Conduct;
beforeEach(() => {
  clock = new VirtualClock(async () => undefined);
  conduct = new Conduct(clock);
});

/** How many of these pass before one is refused. */
function passed(most: number, what: () => void): number {
  for (let n = 0; n < most; n++) {
    try {
      what();
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
      return n;
    }
  }
  return most;
}

test('each offence keeps a peer away for longer, up to two minutes, and others not at all', async () => {
  const waits: number[] = [];
  for (let n = 0; n < 6; n++) {
    conduct.offended(A);
    waits.push(conduct.shunnedMs(A));
    await clock.pass(waits.at(-1) ?? 0);
    expect(conduct.shunnedMs(A)).toBe(0);
  }
  expect(waits).toEqual([10_000, 30_000, 60_000, 120_000, 120_000, 120_000]);
  expect(conduct.shunnedMs(B)).toBe(0);
});

test('an hour without an offence is forgiven', async () => {
  for (let n = 0; n < 4; n++) conduct.offended(A);
  await clock.pass(3_600_000);
  conduct.offended(A);
  expect(conduct.shunnedMs(A)).toBe(10_000);
});

test('a flood of messages is an offence, 1,000 a second for an hour is not', async () => {
  for (let second = 0; second < 3600; second++) {
    expect(passed(1000, () => conduct.control(A, '{}'))).toBe(1000);
    await clock.pass(1000);
  }
  expect(passed(20_000, () => conduct.control(A, '{}'))).toBe(10_000);
  expect(passed(1, () => conduct.control(B, '{}'))).toBe(1);
});

test('a link that was without a wire for six seconds may deliver them at once', async () => {
  expect(passed(6000, () => conduct.control(A, '{}'))).toBe(6000);
});

test('a flood of text is an offence, whatever the number of messages', () => {
  const text = ' '.repeat(1024 ** 2);
  expect(passed(100, () => conduct.control(A, text))).toBe(32);
});

test('a flood of signals is an offence; ten reloads in a row are not', () => {
  expect(passed(400, () => conduct.signal(A))).toBe(400);
  expect(passed(10, () => conduct.signal(A))).toBe(0);
});

test('what is remembered has an end, and the newest is kept', () => {
  for (let n = 0; n < 1000; n++) conduct.offended(n.toString(16).padStart(16, '0') as PeerId);
  expect(conduct.shunnedMs('0'.repeat(16) as PeerId)).toBe(0);
  expect(conduct.shunnedMs((999).toString(16).padStart(16, '0') as PeerId)).toBe(10_000);
});
