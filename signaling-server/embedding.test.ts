import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readEmbedders } from './embedding.ts';
import { type RunningServer, startServer } from './server.ts';

const FRIEND = 'https://blog.example';
const STRANGER = 'https://stranger.example';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'potluck-embedding-'));
  mkdirSync(join(root, 'assets'));
  for (const name of ['index.html', 'embed.html', 'potluck.js', 'potluck.d.ts', 'assets/app-abc123.js']) {
    writeFileSync(join(root, name), '// something');
  }
  return () => rmSync(root, { recursive: true });
});

const open: RunningServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function start(
  embedders?: readonly string[],
): Promise<(path: string, origin?: string) => Promise<Response>> {
  const server = await startServer({ host: '127.0.0.1', port: 0, root, ...(embedders && { embedders }) });
  open.push(server);
  return (path, origin) => fetch(`${server.url}${path}`, origin ? { headers: { Origin: origin } } : {});
}

const ancestors = (response: Response): string | undefined =>
  /frame-ancestors ([^;]*)/.exec(response.headers.get('content-security-policy') ?? '')?.[1];

describe('who may put a room into a frame', () => {
  it.each([
    ['nobody but this server, unless it is said', undefined, "'self'"],
    [
      'those who were named',
      [FRIEND, 'https://shop.example:8443'],
      `'self' ${FRIEND} https://shop.example:8443`,
    ],
    ['everybody', ['*'], '*'],
  ])('is %s', async (_who, embedders, expected) => {
    const get = await start(embedders);
    for (const path of ['/embed.html', '/embed.html?threads=1'])
      expect(ancestors(await get(path))).toBe(expected);
  });

  it('is nobody for the page itself, under any of its addresses', async () => {
    const get = await start(['*']);
    for (const path of ['/', '/index.html', '/r/maple-otter-42', '/embed', '/EMBED.html', '/missing']) {
      expect([path, ancestors(await get(path))]).toEqual([path, "'none'"]);
    }
  });

  it('is told to whoever asks, from any site', async () => {
    const answers = async (embedders: readonly string[] | undefined, origin?: string): Promise<unknown> => {
      const response = await (await start(embedders))('/embed.json', origin);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('cache-control')).toBe('no-store');
      return response.json();
    };
    expect(await answers(undefined)).toEqual({ embed: true });
    expect(await answers(undefined, FRIEND)).toEqual({ embed: false });
    expect(await answers([FRIEND], FRIEND)).toEqual({ embed: true });
    expect(await answers([FRIEND], STRANGER)).toEqual({ embed: false });
    expect(await answers(['*'], STRANGER)).toEqual({ embed: true });
  });
});

describe('what other sites load', () => {
  it('is open to them, and asked for anew each time', async () => {
    const get = await start();
    for (const path of ['/potluck.js', '/potluck.d.ts']) {
      const { headers } = await get(path, STRANGER);
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
      expect(headers.get('cache-control')).toBe('no-cache');
      expect(headers.get('content-type')).toMatch(path.endsWith('.js') ? /javascript/ : /text\/plain/);
    }
  });

  it('works in pages that are cross-origin isolated, and isolates itself in others', async () => {
    const { headers } = await (await start())('/embed.html');
    expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    expect(headers.get('document-isolation-policy')).toBe('isolate-and-require-corp');
  });

  it('is nothing else', async () => {
    const get = await start(['*']);
    for (const path of ['/', '/assets/app-abc123.js', '/addresses.json']) {
      const { headers } = await get(path, STRANGER);
      expect([path, headers.get('access-control-allow-origin')]).toEqual([path, null]);
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    }
  });
});

describe('--embed', () => {
  it('takes origins, in the form that browsers send', () => {
    expect(readEmbedders(['https://Blog.Example/', 'http://localhost:3000', '*'])).toEqual([
      ...['https://blog.example', 'http://localhost:3000', '*'],
    ]);
  });

  it.each([
    'blog.example',
    'https://blog.example/posts',
    'file:///home',
    "'self'",
    'https://a.example; script-src *',
    'https://a.example;script-src',
    'https://*.example',
    '',
  ])('refuses %o and says so', (value) => {
    expect(() => readEmbedders([value])).toThrow(`got "${value}"`);
  });
});
