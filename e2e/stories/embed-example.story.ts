import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Device, launchDevice } from '../browser.ts';
import { drawDigit } from '../draw.ts';
import { type ProductServer, startProduct } from '../server.ts';

describe('the example of a room in a page', () => {
  let server: ProductServer;
  let device: Device;
  beforeAll(async () => {
    server = await startProduct();
    device = await launchDevice();
  });
  afterAll(async () => {
    await device?.close();
    await server?.stop();
  });

  const text = (page: Page, id: string) => (): Promise<string | null> => page.locator(`#${id}`).textContent();

  it('makes a room, reads a digit, and begins anew after leaving', async () => {
    const { page, watch } = device;
    await page.goto(`${server.origin}/examples/embed.html`);
    await page.getByRole('button', { name: 'Make a room' }).click();
    await expect.poll(text(page, 'how'), { timeout: 60_000 }).toContain('Draw');
    await drawDigit(page, '7', page.locator('#canvas'));
    await expect.poll(text(page, 'digit'), { timeout: 20_000 }).toBe('7');
    expect(await page.locator('#qr svg').count()).toBe(1);

    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'));
    });
    await page.getByRole('button', { name: 'Copy link' }).click();
    await expect.poll(text(page, 'copy')).toBe('Could not copy');

    await page.getByRole('button', { name: 'Leave the room' }).click();
    await page.getByRole('button', { name: 'Make a room' }).click();
    await page.locator('#room').waitFor();
    expect([await text(page, 'digit')(), await page.locator('#many').isDisabled()]).toEqual(['–', true]);
    expect(watch.consoleErrors).toEqual([]);
  });
});
