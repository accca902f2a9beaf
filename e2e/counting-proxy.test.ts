import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CountingProxy, countingProxy } from './counting-proxy.ts';
import { type FileServer, serveFiles } from './file-server.ts';

let server: FileServer;
let proxy: CountingProxy;

beforeAll(async () => {
  server = await serveFiles({ '/a/big.js': { body: new Uint8Array(5000) }, '/': { body: 'page' } });
  proxy = await countingProxy(server.origin);
});
afterAll(async () => {
  await proxy.close();
  await server.close();
});

it('passes bodies on unchanged and counts them by file name, from zero after each look', async () => {
  expect((await (await fetch(`${proxy.origin}/a/big.js?x=1`)).arrayBuffer()).byteLength).toBe(5000);
  expect(await (await fetch(proxy.origin)).text()).toBe('page');
  expect([...proxy.take()]).toEqual([
    ['big.js', 5000],
    ['/', 4],
  ]);
  expect(proxy.take().size).toBe(0);
});
