import { beforeEach, describe, expect, test, vi } from 'vitest';
import { keepProfile, keptProfile, type Measured } from './profile-cache.ts';

const HOUR = 3600 * 1000;
const profile: Measured = {
  provider: 'wasm',
  threads: 1,
  runtime: 'wasm',
  benchMs: 20,
  tried: [],
  adapter: null,
};

let slots: Map<string, string>;
beforeEach(() => {
  slots = new Map();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => slots.get(key) ?? null,
    setItem: (key: string, text: string) => slots.set(key, text),
  });
});

describe('a kept profile', () => {
  test('serves the same device for a day', () => {
    keepProfile('this', 1000, profile);
    expect(keptProfile('this', 1000 + 23 * HOUR)).toEqual(profile);
    expect(keptProfile('this', 1000 + 25 * HOUR)).toBeNull();
  });

  test('serves no other browser, version or clock', () => {
    keepProfile('this', 1000, profile);
    expect(keptProfile('that', 1000)).toBeNull();
    expect(keptProfile('this', 999)).toBeNull();
  });

  test.each(['', '{', '7', '{"key":"this","at":"now"}'])('counts damaged storage as none: %s', (text) => {
    slots.set('potluck:profile', text);
    expect(keptProfile('this', 1000)).toBeNull();
  });

  test('is not missed where storage is forbidden', () => {
    const forbidden = (): never => {
      throw new Error('forbidden');
    };
    vi.stubGlobal('localStorage', { getItem: forbidden, setItem: forbidden });
    keepProfile('this', 1000, profile);
    expect(keptProfile('this', 1000)).toBeNull();
  });
});
