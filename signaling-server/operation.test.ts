import { expect, test } from 'vitest';
import { readOperation } from './operation.ts';

const none = { verbose: false };

test('by default one process alone, without metrics, that writes no events and ends at once', () => {
  expect(readOperation(none)).toEqual({ redis: undefined, metrics: undefined, log: 'quiet', drainMs: 0 });
  expect(readOperation({ verbose: true }).log).toBe('human');
  expect(readOperation({ verbose: false, log: 'json' }).log).toBe('json');
});

test('with Redis pages have ten seconds to go elsewhere, or what is said', () => {
  const redis = 'redis://127.0.0.1:6379';
  expect(readOperation({ ...none, redis })).toMatchObject({ redis, drainMs: 10_000 });
  expect(readOperation({ ...none, redis, drain: '2.5' }).drainMs).toBe(2500);
  expect(readOperation({ ...none, drain: '3' }).drainMs).toBe(3000);
});

test('an address of Redis with a password may be in the environment, where arguments would show it to everybody', () => {
  const kept = 'redis://:secret@10.0.0.1:6379';
  expect(readOperation(none, kept)).toMatchObject({ redis: kept, drainMs: 10_000 });
  expect(readOperation({ ...none, redis: 'redis://other' }, kept).redis).toBe('redis://other');
  expect(readOperation(none, '').redis).toBeUndefined();
});

test('the address of metrics is taken apart, IPv6 too', () => {
  const of = (metrics: string) => readOperation({ ...none, metrics }).metrics;
  expect(of('127.0.0.1:9464')).toEqual({ host: '127.0.0.1', port: 9464 });
  expect(of('[::1]:9464')).toEqual({ host: '::1', port: 9464 });
  for (const wrong of ['9464', '127.0.0.1', '127.0.0.1:99999', ':9464']) {
    expect(() => of(wrong), wrong).toThrow('--metrics');
  }
});

test('mistakes are told in a sentence, which quotes no password', () => {
  expect(() => readOperation({ ...none, redis: 'http://user:secret@host' })).toThrow('--redis needs');
  expect(() => readOperation({ ...none, redis: 'http://user:secret@host' })).not.toThrow('secret');
  expect(() => readOperation({ ...none, redis: 'redis://host:99999' })).toThrow('--redis needs');
  expect(() => readOperation({ ...none, log: 'xml' })).toThrow('--log');
  for (const drain of ['-1', 'soon', '1e9']) {
    expect(() => readOperation({ ...none, drain })).toThrow('--drain');
  }
});
