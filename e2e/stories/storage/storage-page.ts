import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sirv from 'sirv';
import { build } from 'vite';
import { serve } from '../../file-server.ts';
import { ROOT } from '../../repository.ts';

/** The page of the store, at as many origins as wanted: each has a storage of its own. */
export interface StoragePages {
  /** The address of an origin that nobody has visited. `prelude` runs in its workers before the store's own script. */
  newOrigin(prelude?: string): string;
  close(): Promise<void>;
}

const BUILT = join(ROOT, '.cache/storage-page');
const WORKER = /^\/assets\/browser-[\w-]+\.js$/;

/** Builds the page and serves it. The caller closes it. */
export async function serveStoragePages(): Promise<StoragePages> {
  await build({ configFile: join(ROOT, 'e2e/stories/storage/vite.config.ts'), logLevel: 'error' });
  const files = sirv(BUILT);
  const preludes = new Map<string, string>();
  const server = await serve(async (request, response) => {
    const { url = '/', headers } = request;
    const prelude = preludes.get(`http://${headers.host}`);
    if (prelude && WORKER.test(url)) {
      const script = await readFile(join(BUILT, url), 'utf8');
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(`${prelude};\n${script}`);
      return;
    }
    files(request, response, () => {
      response.writeHead(404).end();
    });
  });
  const { port } = new URL(server.origin);
  let visited = 0;
  return {
    newOrigin: (prelude) => {
      // Browsers find every name under `localhost` on this device, and trust it as they trust HTTPS.
      const origin = `http://device-${visited++}.localhost:${port}`;
      if (prelude) preludes.set(origin, prelude);
      return origin;
    },
    close: server.close,
  };
}
