import { existsSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import sirv from 'sirv';
import { embedding } from './embedding.ts';

/** What a page may load, and who may put it into a frame. */
const contentSecurity = (ancestors: string): string =>
  [
    "default-src 'self'",
    // WebAssembly; ONNX Runtime starts its threads from blob scripts.
    "script-src 'self' 'wasm-unsafe-eval' blob:",
    "worker-src 'self' blob:",
    // A model may be fetched from any address that a person types.
    "connect-src 'self' https: http: wss: ws: blob:",
    "img-src 'self' data: blob:",
    // Bars and segments get their widths from style attributes.
    "style-src 'self' 'unsafe-inline'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${ancestors}`,
  ].join('; ');

/** Isolation switches on shared memory, which WASM threads need (facts.md A5). */
const HEADERS: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': contentSecurity("'none'"),
  'X-Content-Type-Options': 'nosniff',
  // The secret is in the fragment, which is never sent; the room's name need not travel either.
  'Referrer-Policy': 'no-referrer',
};

/** Where a page asks for the addresses that other devices can open: a JSON list of origins. */
const ADDRESSES_PATH = '/addresses.json';
const ROOM_PATH = /^\/r\/[^/.]+\/?(?=$|\?)/;

/** True when the page has been built into `root`. */
export function isBuilt(root: string): boolean {
  return existsSync(join(root, 'index.html'));
}

/**
 * Serves the built page: compressed where `tools/precompress.ts` left compressed files, and one and the same
 * page for `/` and every room. The list of files is read once, here. `urls` tells a page opened at localhost
 * where other devices find it; `embedders` are the origins that may embed rooms.
 */
export function staticFiles(
  root: string,
  urls: () => readonly string[] = () => [],
  embedders: readonly string[] = [],
): RequestListener {
  const serve = isBuilt(root)
    ? sirv(root, {
        brotli: true,
        gzip: true,
        etag: true,
        setHeaders: (response, path) => {
          // Names in assets/ contain a hash of what they hold.
          const isHashed = path.startsWith('/assets/');
          response.setHeader('Cache-Control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
        },
      })
    : undefined;
  return (request, response) => {
    const url = request.url ?? '/';
    const shared = embedding(url, request.headers.origin, embedders, contentSecurity);
    for (const [name, value] of Object.entries({ ...HEADERS, ...shared?.headers }))
      response.setHeader(name, value);
    const answer = (status: number, text: string): void => {
      response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(405, 'Only GET and HEAD.');
    } else if (request.url === ADDRESSES_PATH) {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
      response.end(JSON.stringify(urls()));
    } else if (shared?.json !== undefined) {
      response.end(JSON.stringify(shared.json));
    } else if (!serve) {
      answer(503, 'The page has not been built. Run "npm run build" and start the server again.');
    } else {
      request.url = url.replace(ROOM_PATH, '/');
      serve(request, response, () => answer(404, 'There is nothing here.'));
    }
  };
}
