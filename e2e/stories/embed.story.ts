import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { join, Room } from '../../public/potluck.d.ts';
import { checkDigits, DIGITS_QUESTION } from '../ask.ts';
import { type Device, launchDevice } from '../browser.ts';
import { drawDigit } from '../draw.ts';
import { serve } from '../file-server.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { directlyLinked, readyDevices, runsOn, until } from '../session-page.ts';

/** What a site's own script leaves for the test to look at. */
interface SiteWindow {
  room?: Room;
  join?: typeof join;
  failed?: { readonly name: string; readonly message: string };
}

/** Another site: a few lines of HTML on another host, which import the module from the server, and make a room at `/`. */
const SITE = (server: string): string => `<!doctype html>
  <meta charset="utf-8"><title>A site</title><link rel="icon" href="data:,">
  <script type="module">
    import { createRoom, join } from '${server}/potluck.js';
    window.join = join;
    try {
      if (location.pathname === '/') window.room = await createRoom({ name: 'The site' });
    } catch (error) {
      window.failed = { name: error.name, message: error.message };
    }
  </script>`;

interface Site {
  readonly origin: string;
  close(): Promise<void>;
}

describe('a site embeds a room', () => {
  let server: ProductServer;
  const sites: Site[] = [];
  const devices: Device[] = [];

  async function openSite(): Promise<Site> {
    const { origin, close } = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(SITE(server.origin));
    });
    // Not 127.0.0.1, which is the server's: to browsers that is another site, with storage of its own.
    return { origin: origin.replace('127.0.0.1', 'localhost'), close };
  }

  beforeAll(async () => {
    sites.push(await openSite(), await openSite());
    server = await startProduct(['--embed', sites[0]?.origin ?? '']);
    devices.push(await launchDevice(), await launchDevice());
  });
  afterAll(async () => {
    for (const each of [...devices, ...sites]) await each.close();
    await server?.stop();
  });

  const at = <T>(list: readonly T[], index: number): T => {
    const found = list[index];
    if (!found) throw new Error('It did not start.');
    return found;
  };
  /** Waits for the site's own script; undefined when it entered a room. */
  const failureOn = async (page: Page): Promise<SiteWindow['failed']> => {
    await page.waitForFunction(() => (window as SiteWindow).room ?? (window as SiteWindow).failed);
    return page.evaluate(() => (window as SiteWindow).failed);
  };

  it('that the server does not know is refused, and told how to be allowed', async () => {
    const page = await at(devices, 1).context.newPage();
    const { origin } = at(sites, 1);
    await page.goto(origin);
    expect(await failureOn(page)).toEqual({
      name: 'EmbedRefusedError',
      message: expect.stringContaining(`--embed ${origin}`),
    });
    // Not by the module's word alone: the browser shows it no such frame.
    const heard = await page.evaluate((address) => {
      const frame = document.createElement('iframe');
      frame.src = address;
      return new Promise((resolve) => {
        addEventListener('message', () => resolve('a hello'), { once: true });
        frame.addEventListener('load', () => setTimeout(resolve, 1000, 'nothing'), { once: true });
        document.body.append(frame);
      });
    }, `${server.origin}/embed.html`);
    expect(heard).toBe('nothing');
    await page.close();
  });

  it('which it may, a second browser joins by the link, and both answer together', async () => {
    const { page, watch } = at(devices, 0);
    await page.goto(at(sites, 0).origin);
    expect(await failureOn(page)).toBeUndefined();
    const link = await page.evaluate(() => (window as SiteWindow).room?.link ?? '');
    expect(new URL(link).origin).toBe(server.origin);
    // Isolated by itself, in a page that is not: so it may compute with threads.
    const frame = page.frames().find((each) => each.url().startsWith(server.origin));
    expect(await frame?.evaluate(() => [crossOriginIsolated, parent === window])).toEqual([true, false]);
    const second = at(devices, 1).page;
    await second.goto(link);
    await until(second, 'two devices ready', readyDevices(2));
    await until(second, 'linked directly', directlyLinked);

    const told = await page.evaluate(
      async ({ data, dims }) => {
        const { room } = window as SiteWindow;
        if (!room) throw new Error('There is no room.');
        const heard = new Set<string>();
        for (const topic of ['state', 'devices', 'plan', 'log'] as const) {
          room.on(topic, () => heard.add(topic));
        }
        await room.setMode('everyone');
        const isShared = (): boolean =>
          room.plan?.status === 'running' && room.plan.stages.length > 1 && room.state.preparing === null;
        while (!isShared()) await new Promise((resolve) => setTimeout(resolve, 100));
        const { outputs, stages } = await room.run({ image: { data: new Float32Array(data.buffer), dims } });
        const wrong = await room
          .run({ picture: { data: new Float32Array(1), dims: [1] } })
          .catch((error) => ({
            name: error.name,
            message: error.message,
          }));
        return {
          heard: [...heard],
          logits: [...(outputs.logits?.data ?? [])].map(Number),
          stages: stages.length,
          names: room.devices.map(({ name }) => name),
          wrong,
          qr: await room.qr(),
        };
      },
      { data: DIGITS_QUESTION.data, dims: [...DIGITS_QUESTION.dims] },
    );
    checkDigits(told.logits);
    expect(told.stages).toBe(2);
    expect(told.names[0]).toBe('The site');
    expect(told.heard).toContain('plan');
    expect(told.wrong).toEqual({ name: 'InputError', message: expect.stringContaining('image') });
    expect(told.qr).toContain('<svg');

    // The page that joined asks as well, and is answered through the frame.
    await until(second, 'both at work', runsOn(2));
    await drawDigit(second, '7');
    await expect.poll(() => second.getByTestId('answer-label').first().textContent()).toBe('7');
    expect(watch.consoleErrors).toEqual([]);
  });

  it('joins by the link, as one who does not lead, and hears why a link is wrong', async () => {
    const page = await at(devices, 1).context.newPage();
    await page.goto(`${at(sites, 0).origin}/later`);
    await page.waitForFunction(() => (window as SiteWindow).join);
    const link = await at(devices, 0).page.evaluate(() => (window as SiteWindow).room?.link ?? '');
    const told = await page.evaluate(
      async ({ link, data, dims }) => {
        const { join } = window as SiteWindow;
        if (!join) throw new Error('The module did not come.');
        const fails = (work: Promise<unknown>): Promise<unknown> =>
          work.then(
            () => 'worked',
            (error) => [error.name, error.reason ?? error.message],
          );
        // The first letter, as the last one has bits that nobody reads.
        const wrong = await fails(join(link.replace(/#./, (first) => (first === '#A' ? '#B' : '#A'))));
        const elsewhere = await fails(join(link.replace(/^[^/]+..[^/]+/, 'https://elsewhere.example')));
        const room = await join(link);
        await room.ready();
        const { outputs } = await room.run({ image: { data: new Float32Array(data.buffer), dims } });
        const logits = [...(outputs.logits?.data ?? [])].map(Number);
        const opened = await fails(room.openModel('bard'));
        const count = room.devices.length;
        const ended = new Promise((resolve) =>
          room.on('state', (state) => state.ended && resolve(state.ended)),
        );
        document.querySelector('iframe')?.remove();
        await ended;
        return { wrong, elsewhere, logits, opened, count, after: await fails(room.ready()) };
      },
      { link, data: DIGITS_QUESTION.data, dims: [...DIGITS_QUESTION.dims] },
    );
    expect(told).toMatchObject({
      wrong: ['RoomEndedError', 'wrong-secret'],
      elsewhere: ['InputError', expect.stringContaining('https://elsewhere.example')],
      opened: ['InputError', expect.stringContaining('leader')],
      count: 3,
      after: ['RoomEndedError', 'closed'],
    });
    checkDigits(told.logits);
    await page.close();
  });

  it('writes with a model that writes, and leaves no frame behind', async () => {
    const { page } = at(devices, 0);
    const told = await page.evaluate(async () => {
      const { room } = window as SiteWindow;
      if (!room) throw new Error('There is no room.');
      await room.openModel('bard');
      const writing = room.write('ROMEO:', { maxNewTokens: 12, temperature: 0 });
      let text = '';
      let pieces = 0;
      for await (const piece of writing) {
        text += piece;
        pieces++;
      }
      const { text: whole, tokens, end } = await writing.result;
      const control = new AbortController();
      const stopped = room.write('JULIET:', { maxNewTokens: 2000, signal: control.signal });
      setTimeout(() => control.abort(new Error('enough')), 300);
      const why = await stopped.result.catch((error) => error.message);
      await room.leave();
      const after = await room.run({}).catch((error) => [error.name, error.reason]);
      return {
        text,
        whole,
        pieces,
        tokens,
        end,
        why,
        after,
        frames: document.querySelectorAll('iframe').length,
      };
    });
    expect(told).toMatchObject({ tokens: 12, end: 'length', why: 'enough', frames: 0 });
    expect(told.pieces).toBeGreaterThan(1);
    expect(told.text).toBe(told.whole);
    expect(told.after).toEqual(['RoomEndedError', 'left']);
  });
});
