import { basename, dirname, join } from 'node:path';
import sirv from 'sirv';
import { build } from 'vite';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { launchDevice } from '../browser.ts';
import { type FileServer, OPEN_TO_ALL, serve } from '../file-server.ts';
import { ROOT } from '../repository.ts';
import type { Reference, ReferenceOptions } from './reference/reference.types.ts';
import type { WholeText, WrittenWhole } from './reference/write.ts';
import type { NamedTensor } from './verify.ts';

/** The whole model on the bare runtime, in a browser process of its own. */
export interface ReferenceTab {
  /** Opens the runtime with the model at this address and its external data beside it; keeps the input in the tab. */
  load(
    model: { readonly url: string; readonly external: readonly string[] },
    options: ReferenceOptions,
    feeds: Readonly<Record<string, Tensor>>,
  ): Promise<void>;
  /** With the input that is kept in the tab, unless another is given. */
  run(feeds?: Readonly<Record<string, Tensor>>): Promise<readonly NamedTensor[]>;
  /** Milliseconds inside the runtime, and with the way to the worker and back; the outputs stay in the tab. */
  time(): Promise<{ readonly ms: number; readonly wallMs: number }>;
  /** Writes with the whole model; nothing but tokens leaves the tab. */
  write(text: WholeText): Promise<WrittenWhole>;
  close(): Promise<void>;
}

interface ReferenceWindow {
  readonly reference: Reference;
  referenceFeeds?: Readonly<Record<string, Tensor>>;
}

/** Isolation gives the reference the same threads and clock as the product has. */
const HEADERS: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Serves the reference page, and models to all pages. */
export interface ReferenceServer extends FileServer {
  /** Where any page can fetch this model file. */
  urlOf(model: string): string;
}

/** Builds the reference page and serves it together with these model files. The caller closes it. */
export async function serveReference(models: readonly string[]): Promise<ReferenceServer> {
  await build({ configFile: join(ROOT, 'e2e/lab/reference/vite.config.ts'), logLevel: 'error' });
  const pages = sirv(join(ROOT, '.cache/reference'));
  // Each model's folder, for its external data; ranges are answered as hubs do.
  const folders = models.map((model) => sirv(dirname(model), { dev: true, etag: true }));
  const server = await serve((request, response) => {
    const [, index, rest] = /^\/models\/(\d+)(\/.*)$/.exec(request.url ?? '') ?? [];
    const folder = folders[Number(index)];
    if (folder && rest !== undefined) {
      request.url = rest;
      for (const [name, value] of Object.entries(OPEN_TO_ALL)) response.setHeader(name, value);
      folder(request, response, () => {
        response.writeHead(404).end();
      });
      return;
    }
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    pages(request, response, () => {
      response.writeHead(404).end();
    });
  });
  return { ...server, urlOf: (model) => `${server.origin}${pathOf(model, models.indexOf(model))}` };
}

/** Numbered, because two models in different folders may share a name. */
function pathOf(model: string, index: number): string {
  return `/models/${index}/${encodeURIComponent(basename(model))}`;
}

/** Opens the reference page in a browser of its own. The caller closes it. */
export async function openReference(origin: string, webgpu: boolean): Promise<ReferenceTab> {
  const { page, close } = await launchDevice({ webgpu });
  await page.goto(origin);
  return {
    load: async ({ url, external }, options, feeds) => {
      await page.evaluate(
        async ({ url, external, options, feeds }) => {
          const lab = globalThis as unknown as ReferenceWindow;
          lab.referenceFeeds = feeds;
          await lab.reference.open(options);
          const bytesOf = async (address: string): Promise<ArrayBuffer> =>
            (await fetch(address)).arrayBuffer();
          const data = external.map(async (path) => ({ path, data: await bytesOf(new URL(path, url).href) }));
          await lab.reference.load(await bytesOf(url), await Promise.all(data));
        },
        { url, external, options, feeds },
      );
    },
    run: async (feeds) => {
      const outputs = await page.evaluate(async (given) => {
        const lab = globalThis as unknown as ReferenceWindow;
        return (await lab.reference.run(given ?? lab.referenceFeeds ?? {})).outputs;
      }, feeds);
      return Object.entries(outputs).map(([name, value]) => ({ name, ...value }));
    },
    time: () =>
      page.evaluate(async () => {
        const lab = globalThis as unknown as ReferenceWindow;
        const { ms, wallMs } = await lab.reference.run(lab.referenceFeeds ?? {});
        return { ms, wallMs };
      }),
    write: (text) =>
      page.evaluate((given) => (globalThis as unknown as ReferenceWindow).reference.write(given), text),
    close,
  };
}
