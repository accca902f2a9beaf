import { expect, test } from 'vitest';
import { type DoorRules, guardCaller, guardKey } from './door-guard.ts';

const RULES: DoorRules = { key: 'secret', hosts: ['edge.local'], origins: ['https://a.example'] };

test.each([
  'localhost',
  'localhost:8484',
  '127.0.0.1:8484',
  '[::1]:8484',
  '192.168.1.7',
  'EDGE.local:80',
  'app.localhost',
  'edge.local.',
])('may be called as %s', (host) => {
  expect(() => guardCaller({ host }, RULES)).not.toThrow();
});

test.each([
  'evil.example',
  'evil.example:8484',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  'edge.local.evil',
])('a name that a stranger may have resolved to this computer is refused: %s', (host) => {
  expect(() => guardCaller({ host }, RULES)).toThrow(expect.objectContaining({ status: 403 }));
});

test.each([undefined, '', 'a b', 'localhost/x', 'user@localhost', 'localhost#x', '[::1'])(
  'no host: %s',
  (host) => {
    expect(() => guardCaller(host === undefined ? {} : { host }, RULES)).toThrow(
      expect.objectContaining({ status: 400 }),
    );
  },
);

test('pages may call from listed origins only', () => {
  const host = 'localhost';
  expect(() => guardCaller({ host, origin: 'https://a.example' }, RULES)).not.toThrow();
  for (const origin of [
    'https://b.example',
    'http://a.example',
    'null',
    'https://a.example:8443',
    'http://localhost',
  ]) {
    expect(() => guardCaller({ host, origin }, RULES)).toThrow(
      expect.objectContaining({ status: 403, code: 'origin_not_allowed' }),
    );
  }
});

test('the key must be shown, unless there is none', () => {
  expect(() => guardKey({ authorization: 'Bearer secret' }, RULES)).not.toThrow();
  expect(() => guardKey({ authorization: 'bearer  secret' }, RULES)).not.toThrow();
  for (const authorization of [
    'Bearer secre',
    'Bearer secrets',
    'Basic secret',
    'secret',
    'Bearer',
    undefined,
  ]) {
    const headers = authorization === undefined ? {} : { authorization };
    expect(() => guardKey(headers, RULES)).toThrow(
      expect.objectContaining({ status: 401, code: 'invalid_api_key' }),
    );
  }
  expect(() => guardKey({}, { ...RULES, key: null })).not.toThrow();
});
