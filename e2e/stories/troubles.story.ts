import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionState } from '../../core/session/state.ts';
import { askDigits } from '../ask.ts';
import { launchDevice } from '../browser.ts';
import { type FileServer, OPEN_TO_ALL, serveFiles } from '../file-server.ts';
import { ROOT } from '../repository.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { everyHeir, readyDevices, runsOn, stateOf, until } from '../session-page.ts';

const DIGITS = readFileSync(join(ROOT, 'public', 'models', 'digits.onnx'));

describe('troubles: each is said clearly, and the room goes on', () => {
  let server: ProductServer;
  let room: Room;
  let elsewhere: FileServer;

  beforeAll(async () => {
    server = await startProduct();
    elsewhere = await serveFiles({
      '/digits.onnx': { body: DIGITS, headers: OPEN_TO_ALL },
      '/private.onnx': { body: DIGITS },
    });
    room = await openRoom({ origin: server.origin, devices: 3 });
    await room.leader.page.getByTestId('mode-everyone').click();
    await until(room.leader.page, 'digits runs on all three', runsOn(3));
  });
  afterAll(async () => {
    await room?.close();
    await elsewhere?.close();
    await server?.stop();
  });

  async function leads(page: Page): Promise<boolean> {
    const state = await stateOf(page);
    return state !== undefined && state.me === state.leader;
  }

  function follower(index: number): Page {
    const device = room.followers[index];
    if (!device) throw new Error(`There is no follower ${index}.`);
    return device.page;
  }

  it('a follower reloads: it is the same device again and holds a stage again', async () => {
    const page = follower(0);
    const before = await stateOf(page);
    await page.reload();
    await until(page, 'back in the room', readyDevices(3));
    expect((await stateOf(page))?.me).toBe(before?.me);
    await until(room.leader.page, 'all three at work again', runsOn(3));
    await askDigits(room.leader.page);
  });

  it('the leader reloads: another device leads meanwhile, the page is the same device again and can be given the lead', async () => {
    const { page } = room.leader;
    const before = await stateOf(page);
    await until(page, 'everybody could take over', everyHeir);
    await page.reload();
    // The server's word of who leads may be older than what the devices say.
    const after = await until(page, 'all devices back, and another leads', (state) => {
      return readyDevices(3)(state) && state.leader !== before?.me;
    });
    expect([after.me, after.room]).toEqual([before?.me, before?.room]);
    await until(page, 'all three at work again', runsOn(3));
    await askDigits(page);
    await until(page, 'everybody could take over', everyHeir);
    const { page: leading } = room.followers[(await leads(follower(0))) ? 0 : 1] ?? room.leader;
    await leading
      .locator(`[data-testid="device-card"][data-peer="${before?.me}"] select`)
      .selectOption('lead');
    await until(page, 'the lead was given back', ({ me, leader }) => me === leader);
    await until(page, 'all three at work again', runsOn(3));
    await askDigits(page);
  });

  it('a wrong join secret: refused with its reason, told nothing, and nobody in the room sees it', async () => {
    const stranger = await launchDevice();
    try {
      const link = new URL(room.link);
      link.hash = 'A'.repeat(link.hash.length - 1);
      await stranger.page.goto(link.href);
      const ended = stranger.page.getByTestId('ended');
      await ended.waitFor({ timeout: 30_000 });
      expect(await ended.getAttribute('data-reason')).toBe('wrong-secret');
      expect(await ended.textContent()).toMatch(/link/i);
      expect((await stateOf(stranger.page))?.devices.filter(({ link: { kind } }) => kind !== 'self')).toEqual(
        [],
      );
      expect((await stateOf(room.leader.page))?.devices).toHaveLength(3);
    } finally {
      await stranger.close();
    }
  });

  const notOnnx = Buffer.from('<!doctype html><title>Not found</title><p>Sign in to download.');
  it.each([
    ['a file that is no ONNX model', 'page.onnx', notOnnx, /ONNX/],
    [
      'a truncated ONNX file',
      'half.onnx',
      DIGITS.subarray(0, DIGITS.length >> 1),
      /truncated|ends|short|incomplete|past/i,
    ],
  ])('%s: the message says so and the room goes on', async (_what, name, buffer, said) => {
    const { page } = room.leader;
    const choose = async (): Promise<void> => {
      await page.getByTestId('change-model').click();
      await page
        .getByTestId('model-file')
        .setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
    };
    expect(await failureOf(page, choose)).toMatch(said);
    await goesOn(page);
  });

  it.each([
    ['a URL that is 404', '/gone.onnx', /404/],
    ['a URL without CORS', '/private.onnx', /CORS|other sites|cross-origin/i],
  ])('%s: the message says so and the room goes on', async (_what, path, said) => {
    const { page } = room.leader;
    expect(await failureOf(page, () => openUrl(page, `${elsewhere.origin}${path}`))).toMatch(said);
    await goesOn(page);
  });

  it('a device leaves while idle: the others go on without it', async () => {
    const page = follower(1);
    page.on('dialog', (dialog) => void dialog.accept());
    await page.getByTestId('leave').first().click();
    await page.getByTestId('ended').waitFor();
    await until(room.leader.page, 'two devices are left and work', (state) => {
      return readyDevices(2)(state) && runsOn(2)(state);
    });
    await askDigits(room.leader.page);
  });

  async function openUrl(page: Page, url: string): Promise<void> {
    await page.getByTestId('change-model').click();
    await page.getByTestId('model-url').fill(url);
    await page.getByTestId('model-url-open').click();
  }

  /** What a person reads after `act`: step and message of the failed opening, in the model card or in a notice. */
  async function failureOf(page: Page, act: () => Promise<void>): Promise<string> {
    const known = new Set((await stateOf(page))?.notices.map(({ id }) => id));
    const fresh = ({ notices }: SessionState) =>
      notices.filter(({ id, tone }) => !known.has(id) && tone !== 'info');
    await act();
    const state = await until(page, 'the failure is said', (now) => {
      return now.model.kind === 'failed' || fresh(now).length > 0;
    });
    const words = fresh(state).map(({ message }) => message);
    if (state.model.kind === 'failed') words.push(`${state.model.step}: ${state.model.message}`);
    return words.join('\n');
  }

  /** A good model from the other origin opens afterwards, and all devices hold it. */
  async function goesOn(page: Page): Promise<void> {
    await openUrl(page, `${elsewhere.origin}/digits.onnx`);
    await until(page, 'a good model runs again', (state) => {
      return (
        state.model.kind === 'ready' &&
        state.model.card.source === 'url' &&
        runsOn(state.devices.length)(state)
      );
    });
    await askDigits(page);
    for (const close of await page.getByTestId('notice').getByRole('button').all()) await close.click();
  }
});
