import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findChromium } from './browser.ts';
import { findFirefox } from './firefox.ts';

let folder: string;

function program(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, 0o755);
  return path;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'potluck-browser-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('finding a browser', () => {
  it('takes CHROMIUM_PATH before anything installed', () => {
    const mine = program('mine');
    program('google-chrome');
    expect(findChromium({ CHROMIUM_PATH: mine, PATH: folder })).toBe(mine);
  });

  it('says so when CHROMIUM_PATH names no program, instead of taking another', () => {
    program('chromium');
    expect(() => findChromium({ CHROMIUM_PATH: join(folder, 'gone'), PATH: folder })).toThrow(
      /CHROMIUM_PATH/,
    );
  });

  it('prefers Chrome to Chromium wherever on the PATH they lie', () => {
    program('chromium');
    const chrome = program('google-chrome');
    expect(findChromium({ PATH: ['/nowhere', folder].join(delimiter) })).toBe(chrome);
  });

  it("takes Playwright's own when none is installed", () => {
    expect(findChromium({ PATH: '' }, program('downloaded'))).toMatch(
      /downloaded$|Google Chrome|Chromium|chrome\.exe/,
    );
  });

  it('finds no Firefox when FIREFOX_PATH names none', () => {
    program('firefox');
    expect(findFirefox({ FIREFOX_PATH: join(folder, 'gone'), PATH: folder })).toBeUndefined();
    expect(findFirefox({ PATH: folder })).toBe(join(folder, 'firefox'));
  });
});
