import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askDigits } from '../ask.ts';
import { findFirefox, launchFirefox } from '../firefox.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { readyDevices, runsOn, stateOf, until } from '../session-page.ts';

const FIREFOX = findFirefox();
if (FIREFOX === undefined) {
  console.warn('\n!! SKIPPED: the mixed room: no Firefox was found. Install one or set FIREFOX_PATH.\n');
}

describe.skipIf(FIREFOX === undefined)('a stock Firefox joins a Chromium leader', () => {
  let server: ProductServer;
  let room: Room;
  let firefox: Browser;

  beforeAll(async () => {
    server = await startProduct();
    room = await openRoom({ origin: server.origin, devices: 1 });
    firefox = await launchFirefox(FIREFOX ?? '');
  });
  afterAll(async () => {
    await firefox?.close();
    await room?.close();
    await server?.stop();
  });

  it('over a direct link, holds a stage, and the answer is right', async () => {
    const { page } = room.leader;
    const tab = await firefox.newPage();
    await tab.goto(room.link);
    await until(page, 'both ready', readyDevices(2));
    await page.getByTestId('mode-everyone').click();
    const { plan, devices, me } = await until(page, 'digits runs on both', runsOn(2));
    const other = devices.find(({ card }) => card.peer !== me);
    expect(other?.card.browser).toMatch(/firefox/i);
    expect(other?.link.kind).toBe('direct');
    expect(plan?.stages.some(({ peer }) => peer === other?.card.peer)).toBe(true);
    await askDigits(page);
    const after = await until(page, 'Firefox has worked', (state) => {
      return (state.devices.find(({ card }) => card.peer !== state.me)?.load.items ?? 0) > 0;
    });
    expect(after.notices.filter(({ tone }) => tone === 'bad')).toEqual([]);
    expect((await stateOf(page))?.devices).toHaveLength(2);
  });
});
