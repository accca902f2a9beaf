import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { TurnAccess, turnCredential } from './turn-access.ts';

const SECRET = 'north-of-the-harbour-0451';
const URLS = ['turn:turn.example:3478?transport=udp', 'turns:turn.example:5349?transport=tcp'];
const START_MS = 1_700_000_000_750;

test('a credential is HMAC-SHA1 in base64: the second test of RFC 2202', () => {
  const digest = Buffer.from('effcdf6ae5eb2fa2d27416d5f184df9c259a7c79', 'hex').toString('base64');
  expect(turnCredential('Jefe', 'what do ya want for nothing?')).toBe(digest);
});

test('the name says when it expires, in whole seconds of the wall clock, and whose it is', () => {
  const access = new TurnAccess({ urls: URLS, secret: SECRET, ttlS: 3600, wallMs: () => START_MS });
  const issued = access.issue('5f3a');
  expect(issued).toEqual({
    urls: URLS,
    username: '1700003600:5f3a',
    credential: createHmac('sha1', SECRET).update('1700003600:5f3a').digest('base64'),
  });
});

test('it is stale from half of its time on, and where the clock was set back', () => {
  let wallMs = START_MS;
  const access = new TurnAccess({ urls: URLS, secret: SECRET, ttlS: 3600, wallMs: () => wallMs });
  const stale = (passedMs: number): boolean => {
    wallMs = START_MS + passedMs;
    return access.isStale(START_MS);
  };
  expect([0, 1_799_999, 1_800_000, 9e9, -1].map(stale)).toEqual([false, false, true, true, true]);
});

test('whoever prints it does not print the secret', () => {
  const access = new TurnAccess({ urls: URLS, secret: SECRET, ttlS: 3600 });
  const printed = [
    inspect(access, { depth: 9, showHidden: true, getters: true }),
    JSON.stringify(access),
    String(access),
    JSON.stringify(access.issue('a')),
  ].join();
  expect(printed).not.toContain(SECRET);
});
