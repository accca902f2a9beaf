import axe from 'axe-core';
import type { BrowserContextOptions, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchDevice } from '../browser.ts';
import { openRoom, type Room } from '../room.ts';
import { DESKTOP, PHONE } from '../screens.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { readyDevices, runsOn, until } from '../session-page.ts';

interface AxeWindow {
  readonly axe: {
    run(): Promise<{ violations: { id: string; impact: string | null; nodes: { html: string }[] }[] }>;
  };
}

/** Serious and critical findings of axe on the page as it stands. */
async function findings(page: Page): Promise<string[]> {
  // Evaluated, because the page's content security policy rightly refuses foreign script elements.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as AxeWindow).axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, impact, nodes }) => nodes.map(({ html }) => `${impact} ${id}: ${html}`));
  });
}

describe.each<[string, BrowserContextOptions]>([
  ['desktop, light', { ...DESKTOP, colorScheme: 'light' }],
  ['desktop, dark', { ...DESKTOP, colorScheme: 'dark' }],
  ['phone, light', { ...PHONE, colorScheme: 'light' }],
  ['phone, dark', { ...PHONE, colorScheme: 'dark' }],
])('no serious finding by axe: %s', (_screen, context) => {
  let server: ProductServer;
  let room: Room;

  beforeAll(async () => {
    server = await startProduct();
    room = await openRoom({ origin: server.origin, devices: 1, device: { context } });
  });
  afterAll(async () => {
    await room?.close();
    await server?.stop();
  });

  it('in the lobby', async () => {
    expect(await findings(room.leader.page)).toEqual([]);
  });

  it('in the room at work and on a follower', async () => {
    const follower = await launchDevice({ context });
    try {
      await follower.page.goto(room.link);
      await until(follower.page, 'both ready', readyDevices(2));
      await until(follower.page, 'a plan runs', runsOn(2));
      expect(await findings(room.leader.page)).toEqual([]);
      expect(await findings(follower.page)).toEqual([]);
    } finally {
      await follower.close();
    }
  });
});
