import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright';
import { launchDevice } from './browser.ts';
import { buildOnce } from './build.ts';
import { drawDigit } from './draw.ts';
import { kill } from './lab/faults/inflict.ts';
import { ROOT } from './repository.ts';
import { openRoom } from './room.ts';
import { DESKTOP, PHONE } from './screens.ts';
import { startProduct } from './server.ts';
import { readyDevices, runsOn, until } from './session-page.ts';

const FOLDER = join(ROOT, 'screenshots');

/** Takes pictures of lobby, room at work, follower, a room that lost a device, and a talk, for one screen and one colour scheme. */
async function portray(origin: string, name: string, context: BrowserContextOptions): Promise<void> {
  const room = await openRoom({ origin, devices: 1, device: { context } });
  const phone = await launchDevice({ context: { ...PHONE, colorScheme: context.colorScheme ?? 'light' } });
  try {
    const { page } = room.leader;
    await until(page, 'the lobby is settled', runsOn(1));
    await page.screenshot({ path: join(FOLDER, `lobby-${name}.png`), fullPage: true });
    await phone.page.goto(room.link);
    await until(page, 'both ready', readyDevices(2));
    await page.getByTestId('mode-everyone').click();
    await until(page, 'both at work', runsOn(2));
    await drawDigit(page, '3');
    await page.getByTestId('answer-label').first().filter({ hasText: /\d/ }).waitFor();
    await page.getByTestId('repeat').first().click();
    // The load is told once a second; after two the bars are up while requests still run.
    await page.waitForTimeout(2000);
    await page.screenshot({ path: join(FOLDER, `room-${name}.png`), fullPage: true });
    await phone.page.screenshot({ path: join(FOLDER, `follower-${name}.png`), fullPage: true });
    await lose(page, room.link, name);
    await phone.page.screenshot({ path: join(FOLDER, `healed-follower-${name}.png`), fullPage: true });
    await page.getByTestId('change-model').click();
    await page.locator('[data-model="bard"]').waitFor();
    await page.screenshot({ path: join(FOLDER, `models-${name}.png`) });
    await page.locator('[data-model="bard"]').click();
    for (const each of [page, phone.page]) {
      await until(each, 'Bard runs on both', ({ model, ...state }) => {
        return model.kind === 'ready' && model.card.name === 'Bard' && runsOn(2)({ model, ...state });
      });
    }
    await Promise.all([talk(page, 'ROMEO:'), talk(phone.page, 'My lord,')]);
    await page.screenshot({ path: join(FOLDER, `talk-${name}.png`), fullPage: true });
    await phone.page.screenshot({ path: join(FOLDER, `talk-follower-${name}.png`), fullPage: true });
  } finally {
    await phone.close();
    await room.close();
  }
}

/** A third device joins, and is killed while it is asked: the room with its layers gone, and healed. */
async function lose(page: Page, link: string, name: string): Promise<void> {
  const third = await launchDevice();
  try {
    await third.page.goto(link);
    await until(page, 'three at work', runsOn(3));
    kill(third);
    await page.getByTestId('repeat').first().click();
    await page.getByTestId('log-entry').filter({ hasText: 'was lost' }).first().waitFor();
    await page.screenshot({ path: join(FOLDER, `heals-${name}.png`), fullPage: true });
    await page.getByTestId('log-entry').filter({ hasText: 'Answers come again' }).first().waitFor();
    await page.screenshot({ path: join(FOLDER, `healed-${name}.png`), fullPage: true });
  } finally {
    await third.close();
  }
}

/** Begins a text, and waits until some of it is there. */
async function talk(page: Page, text: string): Promise<void> {
  await page.getByTestId('chat-input').fill(text);
  await page.getByTestId('chat-input').press('Enter');
  await page
    .getByTestId('chat-assistant')
    .locator('.plain')
    .filter({ hasText: /(\S+\s+){12}/ })
    .waitFor();
}

mkdirSync(FOLDER, { recursive: true });
await buildOnce();
const server = await startProduct();
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    await portray(server.origin, `desktop-${colorScheme}`, { ...DESKTOP, colorScheme });
    await portray(server.origin, `phone-${colorScheme}`, { ...PHONE, colorScheme });
  }
} finally {
  await server.stop();
}
console.log(`The pictures are in ${FOLDER}.`);
