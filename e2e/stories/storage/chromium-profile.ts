import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright';
import type { PieceStore } from '../../../core/weights/piece-store.ts';
import { findChromium } from '../../browser.ts';
import { remoteStore } from './remote-store.ts';

/** A Chromium with a profile on disk; private windows would keep their files in memory. */
export class ChromiumProfile {
  readonly #folder: string;
  #context: BrowserContext;

  private constructor(folder: string, context: BrowserContext) {
    this.#folder = folder;
    this.#context = context;
  }

  static async create(): Promise<ChromiumProfile> {
    const folder = await mkdtemp(join(tmpdir(), 'potluck-storage-'));
    return new ChromiumProfile(folder, await launch(folder));
  }

  async open(origin: string): Promise<{ readonly page: Page; readonly store: PieceStore }> {
    const page = await this.#context.newPage();
    await page.goto(origin);
    return { page, store: await remoteStore(page) };
  }

  /** Limits what an origin may store, until the page that is returned closes. */
  async limit(origin: string, quotaSize: number): Promise<Page> {
    const page = await this.#context.newPage();
    const session = await this.#context.newCDPSession(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize });
    return page;
  }

  /** Clears an origin's data, as a person does in the settings, while `page` and others may be open. */
  async clearSite(page: Page, origin: string): Promise<void> {
    const session = await this.#context.newCDPSession(page);
    await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  }

  /** Ends the browser and starts it anew with the same profile. */
  async restart(): Promise<void> {
    await this.#context.close();
    this.#context = await launch(this.#folder);
  }

  async end(): Promise<void> {
    await this.#context.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function launch(folder: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, { executablePath: findChromium(), args: ['--no-sandbox'] });
}
