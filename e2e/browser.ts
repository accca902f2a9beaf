import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { type CpuQuota, openQuota } from './lab/cpu-quota.ts';
import { type PageWatch, watchPage } from './page-watch.ts';

/** One device: its own browser process with one page. */
export interface Device {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly watch: PageWatch;
  /** Where the browser keeps its data; it also tells this browser's processes from others. */
  readonly profile: string;
  /** Present where one was asked for; may be set at any time. */
  readonly quota?: CpuQuota;
  close(): Promise<void>;
}

export interface DeviceOptions {
  /** Gives the page a software WebGPU adapter. */
  readonly webgpu?: boolean;
  /** Window, colour scheme, touch. */
  readonly context?: BrowserContextOptions;
  /** The folder of an earlier visit, to come back as the same browser; a new one that goes with the device if left out. */
  readonly profile?: string;
  /** Percent of one core that the browser may use with all its processes; as much as it likes if left out. */
  readonly cpu?: number;
  /** A program that becomes the browser somewhere else, such as in another network; it may lie in the browser's folder. */
  readonly wrap?: (browser: string, folder: string) => string;
}

const QUIET = [
  // Containers and CI runners rarely allow Chromium's own sandbox.
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  // A browser that talks to its maker would spoil the count of requests to other hosts.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // The stories open the room in several windows at once; a hidden one must not be slowed down.
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/** Without the Vulkan flags the adapter is null (facts.md C). */
const SOFTWARE_WEBGPU = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--ignore-gpu-blocklist',
];

const COMMANDS = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser'];
const APPLICATIONS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

/**
 * Finds a Chromium: CHROMIUM_PATH, then an installed Chrome or Chromium, then the one Playwright downloaded.
 * @throws Error that says how to get one.
 */
export function findChromium(
  env: NodeJS.ProcessEnv = process.env,
  playwrights: string = chromium.executablePath(),
): string {
  const named = env.CHROMIUM_PATH;
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new Error(`CHROMIUM_PATH names "${named}", which cannot be executed.`);
  }
  const found = [...onPath(COMMANDS, env), ...APPLICATIONS, playwrights].find(isExecutable);
  if (found !== undefined) return found;
  throw new Error(
    'No Chrome or Chromium was found. Install one (apt-get install chromium, or npx playwright install chromium) ' +
      'or set CHROMIUM_PATH to its program.',
  );
}

/** The places where these commands would lie on the PATH. */
export function onPath(commands: readonly string[], env: NodeJS.ProcessEnv): string[] {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return commands.flatMap((command) => folders.map((folder) => join(folder, command)));
}

/** True when the file is there and may be executed. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The start of a browser is not what is measured. */
const START_PERCENT = 100;
/** A page at a tenth of a core takes ten times as long to load. */
const SLOW_PAGE_MS = 180_000;

/**
 * Starts one browser process with one empty page, and a disk of its own as people's browsers have. The caller closes it.
 * @throws NoQuotaError where `cpu` is asked for and the system does not limit anybody.
 */
export async function launchDevice(options: DeviceOptions = {}): Promise<Device> {
  const { cpu } = options;
  const quota = cpu === undefined ? undefined : openQuota(Math.max(cpu, START_PERCENT));
  const profile = options.profile ?? mkdtempSync(join(tmpdir(), 'potluck-device-'));
  const cleanUp = (): void => {
    quota?.close();
    if (options.profile === undefined) rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    const browser = findChromium();
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: quota?.wrap(browser) ?? options.wrap?.(browser, profile) ?? browser,
      headless: true,
      args: options.webgpu ? [...QUIET, ...SOFTWARE_WEBGPU] : QUIET,
      ignoreHTTPSErrors: true,
      ...options.context,
    });
    // tsx names functions through this helper, also in those that Playwright carries into the page.
    await context.addInitScript('globalThis.__name ??= (named) => named');
    const page = context.pages()[0] ?? (await context.newPage());
    if (quota && cpu !== undefined) {
      quota.set(cpu);
      page.setDefaultTimeout(SLOW_PAGE_MS);
    }
    const close = async (): Promise<void> => {
      // A throttled browser would take its time to leave.
      quota?.set(Math.max(quota.percent, START_PERCENT));
      await context.close().finally(cleanUp);
    };
    return { context, page, watch: watchPage(page), profile, ...(quota && { quota }), close };
  } catch (error) {
    cleanUp();
    throw error;
  }
}
