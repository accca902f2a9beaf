import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import sirv from 'sirv';
import { launchDevice } from '../../e2e/browser.ts';
import { type FileServer, serve } from '../../e2e/file-server.ts';
import { loadModel, type Writing, type Written, write } from './page.ts';

/** transformers.js with one model in one tab, in a browser process of its own. */
export interface TransformersTab {
  load(): Promise<void>;
  /** Writes greedily; it never stops early. */
  generate(writing: Writing): Promise<Written>;
  close(): Promise<void>;
}

/** Isolation gives the rival the clock that the product has. */
const HEADERS: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>transformers.js</title><link rel="icon" href="data:,">';

/** The variant that the library takes by itself in Chromium, there from elsewhere. */
const RUNTIME = 'ort-wasm-simd-threaded.asyncify';

/** Opens a tab for the model in `folder`, which is laid out as on the hub. The caller closes it. */
export async function openTransformersTab(folder: string): Promise<TransformersTab> {
  const server = await serveRival(folder);
  let close = server.close;
  try {
    const device = await launchDevice();
    close = () => device.close().finally(server.close);
    await device.page.goto(server.origin);
    const addresses = {
      bundle: `${server.origin}/library/transformers.min.js`,
      mjs: `${server.origin}/runtime/${RUNTIME}.mjs`,
      wasm: `${server.origin}/runtime/${RUNTIME}.wasm`,
      models: '/models/',
    };
    return {
      load: () => device.page.evaluate(loadModel, addresses),
      generate: (writing) => device.page.evaluate(write, writing),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Serves the page, the library, its runtime and the model. */
async function serveRival(folder: string): Promise<FileServer> {
  const library = createRequire(import.meta.url).resolve('@huggingface/transformers');
  // The library's own version of the runtime, which may not be the product's.
  const runtime = createRequire(library).resolve('onnxruntime-web');
  const folders: Readonly<Record<string, ReturnType<typeof sirv>>> = {
    '/library/': sirv(dirname(library)),
    '/runtime/': sirv(dirname(runtime)),
    '/models/model/': sirv(folder),
  };
  return serve((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const url = request.url ?? '/';
    if (url === '/') {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(PAGE);
      return;
    }
    const notFound = (): void => {
      response.writeHead(404).end();
    };
    const prefix = Object.keys(folders).find((each) => url.startsWith(each));
    const answer = prefix === undefined ? undefined : folders[prefix];
    if (prefix === undefined || answer === undefined) {
      notFound();
      return;
    }
    request.url = url.slice(prefix.length - 1);
    answer(request, response, notFound);
  });
}
