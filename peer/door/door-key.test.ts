import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { doorKey, isSameKey } from './door-key.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'potluck-key-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a key is made once, for this user alone, and kept', async () => {
  const inside = join(folder, 'deeper');
  const made = await doorKey(inside, undefined);
  expect(made).toMatchObject({ origin: 'made', path: join(inside, 'api-key') });
  expect(made.key).toMatch(/^potluck-[\w-]{43}$/);
  expect(statSync(made.path ?? '').mode & 0o777).toBe(0o600);
  expect(await doorKey(inside, '')).toEqual({ ...made, origin: 'kept' });
});

test('of those that start at once one makes the key, and no other reads half of it', async () => {
  for (let start = 0; start < 200; start++) {
    const inside = join(folder, `${start}`);
    const keys = await Promise.all(Array.from({ length: 4 }, () => doorKey(inside, undefined)));
    expect(keys.map(({ origin }) => origin).sort()).toEqual(['kept', 'kept', 'kept', 'made']);
    expect(new Set(keys.map(({ key }) => key)).size).toBe(1);
    expect(readdirSync(inside)).toEqual(['api-key']);
  }
});

test('the environment goes before the file, which is not touched', async () => {
  const kept = await doorKey(folder, undefined);
  expect(await doorKey(folder, 'mine')).toEqual({ key: 'mine', origin: 'environment', path: null });
  expect(readFileSync(join(folder, 'api-key'), 'utf8').trim()).toBe(kept.key);
  await expect(doorKey(folder, 'two words')).rejects.toThrow(/POTLUCK_API_KEY/);
});

test('a file that others may read is closed to them; one that holds no key is refused', async () => {
  const { path } = await doorKey(folder, undefined);
  chmodSync(path ?? '', 0o644);
  await doorKey(folder, undefined);
  expect(statSync(path ?? '').mode & 0o777).toBe(0o600);
  writeFileSync(path ?? '', '\n');
  await expect(doorKey(folder, undefined)).rejects.toThrow(/Remove it/);
});

test('keys are the same or not', () => {
  expect(isSameKey('potluck-a', 'potluck-a')).toBe(true);
  expect(isSameKey('potluck-a', 'potluck-b')).toBe(false);
  expect(isSameKey('potluck-a', 'potluck-aa')).toBe(false);
});
