import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { type RawData, WebSocket } from 'ws';
import type { PeerId } from '../core/ids.ts';
import type { FromServer, ToServer } from '../core/protocol/signaling.ts';
import { makeCertificate } from './certificate.ts';
import { type RunningServer, startServer } from './server.ts';
import { TurnAccess } from './turn-access.ts';

const PROOF = 'p'.repeat(43);
const [ANN, BOB, CID] = ['a', 'b', 'c'].map((digit) => digit.repeat(16) as PeerId) as [
  PeerId,
  PeerId,
  PeerId,
];
const MIB = 1024 * 1024;

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'potluck-server-'));
  mkdirSync(join(root, 'assets'));
  writeFileSync(join(root, 'index.html'), '<!doctype html><title>Potluck</title>');
  const script = 'export const answer = 42;'.repeat(100);
  writeFileSync(join(root, 'assets', 'app-abc123.js'), script);
  writeFileSync(join(root, 'assets', 'app-abc123.js.br'), brotliCompressSync(script));
  return () => rmSync(root, { recursive: true });
});

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function start(options: Partial<Parameters<typeof startServer>[0]> = {}): Promise<RunningServer> {
  const server = await startServer({ host: '127.0.0.1', port: 0, root, ...options });
  open.push(server);
  return server;
}

/** A page that keeps everything it hears. */
class Page {
  readonly socket: WebSocket;
  readonly texts: FromServer[] = [];
  packets = 0;
  bytes = 0;
  last: Buffer | undefined;
  code: number | undefined;

  constructor(server: RunningServer) {
    this.socket = new WebSocket(`${server.url.replace('http', 'ws')}/signal`, { rejectUnauthorized: false });
    open.push({ close: () => this.socket.terminate() });
    this.socket.on('message', (data: RawData, isBinary) => {
      if (!isBinary) this.texts.push(JSON.parse(String(data)) as FromServer);
      else {
        this.last = data as Buffer;
        this.packets++;
        this.bytes += this.last.byteLength;
      }
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', (code) => {
      this.code = code;
    });
  }
  async say(message: ToServer): Promise<this> {
    if (this.socket.readyState === WebSocket.CONNECTING) await once(this.socket, 'open');
    this.socket.send(JSON.stringify(message));
    return this;
  }
  async heard(type: FromServer['type'], count = 1): Promise<FromServer> {
    const find = (): FromServer[] => this.texts.filter((text) => text.type === type);
    await expect.poll(find, { interval: 5 }).toHaveLength(count);
    return find()[count - 1] as FromServer;
  }
}

const me = (peer: PeerId) => ({ room: 'maple-otter-7', peer, key: `key-of-${peer}`, proof: PROOF }) as const;
const opens = (peer: PeerId): ToServer => ({ type: 'open', ...me(peer), askFirst: false }) as ToServer;
const joins = (peer: PeerId, proof = PROOF): ToServer =>
  ({ type: 'join', ...me(peer), proof, card: '' }) as ToServer;

async function pair(server: RunningServer): Promise<[Page, Page]> {
  const ann = await new Page(server).say(opens(ANN));
  await ann.heard('welcome');
  const bob = await new Page(server).say(joins(BOB));
  await bob.heard('welcome');
  return [ann, bob];
}

const packetFor = (peer: PeerId, bytes: number): Buffer =>
  Buffer.concat([Buffer.from(peer, 'hex'), Buffer.alloc(bytes, 7)]);

test('two pages meet and signal each other', async () => {
  const [ann, bob] = await pair(await start({ iceServers: [{ urls: 'stun:localhost' }] }));
  expect(bob.texts[0]).toEqual({
    type: 'welcome',
    leader: ANN,
    peers: [ANN],
    iceServers: [{ urls: 'stun:localhost' }],
  });
  expect(await ann.heard('peer-joined')).toEqual({ type: 'peer-joined', peer: BOB });
  await bob.say({ type: 'signal', to: ANN, sealed: 'abc' });
  expect(await ann.heard('signal')).toEqual({ type: 'signal', from: BOB, sealed: 'abc' });
});

test('credentials for TURN go to the members, never into the log', async () => {
  const lines: string[] = [];
  const secret = 'a-mill-by-the-river';
  const turn = new TurnAccess({ urls: ['turn:turn.example'], secret, ttlS: 600 });
  const [ann, bob] = await pair(await start({ turn, log: (event) => lines.push(JSON.stringify(event)) }));
  const told = [ann, bob].map(({ texts }) => texts.find(({ type }) => type === 'welcome'));
  const given = told.flatMap((message) => (message?.type === 'welcome' ? message.iceServers : []));
  expect(given).toHaveLength(2);
  expect(lines.length).toBeGreaterThan(1);
  const secrets = [secret, ...given.flatMap(({ username = '', credential = '' }) => [username, credential])];
  for (const each of secrets) expect(lines.join()).not.toContain(each);
  expect(JSON.stringify([ann.texts, bob.texts])).not.toContain(secret);
});

test('a wrong secret is told only that, and is shown out', async () => {
  const server = await start();
  const [ann, bob] = await pair(server);
  const before = [ann.texts.length, bob.texts.length];
  const eve = await new Page(server).say(joins(CID, 'q'.repeat(43)));
  await expect.poll(() => eve.code).toBeDefined();
  expect(eve.texts).toEqual([expect.objectContaining({ type: 'refused', reason: 'wrong-secret' })]);
  await ann.say({ type: 'ping' });
  await ann.heard('pong');
  expect([ann.texts.length, bob.texts.length]).toEqual([(before[0] ?? 0) + 1, before[1]]);
});

test('relay packets arrive in the name of their sender, and are counted', async () => {
  const server = await start();
  const [ann, bob] = await pair(server);
  ann.socket.send(packetFor(BOB, 65_536));
  await expect.poll(() => bob.packets).toBe(1);
  expect(bob.last?.toString('hex', 0, 8)).toBe(ANN);
  expect(bob.last?.subarray(8)).toEqual(Buffer.alloc(65_536, 7));
  expect(server.relayedBytes()).toBe(65_544);
});

test('only members relay, and only within their room', async () => {
  const server = await start();
  const [, bob] = await pair(server);
  const cid = await new Page(server).say({ ...opens(CID), room: 'other-room-1' } as ToServer);
  await cid.heard('welcome');
  cid.socket.send(packetFor(BOB, 10));
  const stranger = await new Page(server).say({ type: 'ping' });
  stranger.socket.send(packetFor(BOB, 10));
  stranger.socket.send(Buffer.alloc(3));
  for (const page of [cid, stranger]) await page.say({ type: 'ping' });
  await cid.heard('pong');
  await stranger.heard('pong', 2);
  expect([bob.packets, server.relayedBytes()]).toEqual([0, 0]);
});

test('a sender waits for a slow recipient, and nothing is lost', async () => {
  const server = await start();
  const [ann, bob] = await pair(server);
  bob.socket.pause();
  const count = 1000;
  for (let i = 0; i < count; i++) ann.socket.send(packetFor(BOB, 65_536));
  let before = -1;
  await expect
    .poll(
      () => {
        const still = server.relayedBytes() === before;
        before = server.relayedBytes();
        return still;
      },
      { interval: 200, timeout: 10_000 },
    )
    .toBe(true);
  // What it holds itself, and what the system's socket buffers took.
  expect(before).toBeGreaterThan(8 * MIB);
  expect(before).toBeLessThan(32 * MIB);
  expect(ann.socket.bufferedAmount).toBeGreaterThan(0);
  bob.socket.resume();
  await expect.poll(() => bob.packets, { timeout: 10_000 }).toBe(count);
});

test('a sender that waits goes on when the slow recipient is gone', async () => {
  const server = await start();
  const [ann, bob] = await pair(server);
  bob.socket.pause();
  for (let i = 0; i < 1000; i++) ann.socket.send(packetFor(BOB, 65_536));
  await expect.poll(() => server.relayedBytes()).toBeGreaterThan(8 * MIB);
  bob.socket.terminate();
  await ann.say({ type: 'ping' });
  await ann.heard('pong');
});

test('a frame that is too large ends the connection, not the server', async () => {
  const server = await start();
  const [ann, bob] = await pair(server);
  ann.socket.send(packetFor(BOB, 256 * 1024));
  await expect.poll(() => ann.code).toBe(1009);
  expect(await bob.heard('peer-left')).toEqual({ type: 'peer-left', peer: ANN, why: 'away' });
  expect(bob.packets).toBe(0);
});

test('nonsense is refused', async () => {
  const page = new Page(await start());
  await once(page.socket, 'open');
  page.socket.send('{"type":"open"}');
  expect(await page.heard('refused')).toMatchObject({ reason: 'protocol' });
  await expect.poll(() => page.code).toBeDefined();
});

test('a reload resumes: the same device comes back in', async () => {
  const server = await start();
  const [ann, bob] = await pair(server);
  bob.socket.terminate();
  await ann.heard('peer-left');
  const again = await new Page(server).say(joins(BOB));
  expect(await again.heard('welcome')).toMatchObject({ leader: ANN, peers: [ANN] });
  await ann.heard('peer-joined', 2);
});

test('the page comes isolated, under a strict policy, for every room', async () => {
  const server = await start();
  for (const path of ['/', '/r/maple-otter-7', '/r/maple-otter-7/?provider=wasm']) {
    const response = await fetch(server.url + path);
    expect(await response.text()).toContain('<title>Potluck</title>');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'cache-control': 'no-cache',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': expect.stringContaining("default-src 'self'"),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
  }
});

test('hashed files are kept for ever and come compressed', async () => {
  const server = await start();
  const response = await fetch(`${server.url}/assets/app-abc123.js`, {
    headers: { 'Accept-Encoding': 'br' },
  });
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-encoding': 'br',
    'content-type': 'text/javascript',
    'cross-origin-embedder-policy': 'require-corp',
  });
  expect(await response.text()).toContain('answer = 42');
});

test('nothing outside the page is served', async () => {
  const server = await start();
  for (const path of ['/nothing.js', '/../package.json', '/%2e%2e/package.json', '/r/a/b', '/signal']) {
    expect((await fetch(server.url + path)).status, path).toBeGreaterThanOrEqual(400);
  }
  expect((await fetch(server.url, { method: 'POST', body: 'x' })).status).toBe(405);
});

test('without a built page it says what to do', async () => {
  const server = await start({ root: join(root, 'nowhere') });
  const response = await fetch(server.url);
  expect([response.status, await response.text()]).toEqual([503, expect.stringContaining('npm run build')]);
});

test('a taken port is an error, not a crash', async () => {
  const { port } = await start();
  await expect(start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('over TLS the page loads and rooms work', async () => {
  const server = await start({ tls: await makeCertificate(['localhost', '127.0.0.1']) });
  expect(server.url).toMatch(/^https:/);
  const status = await new Promise((resolve, reject) => {
    httpsRequest(server.url, { rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(200);
  const [ann, bob] = await pair(server);
  ann.socket.send(packetFor(BOB, 100));
  await expect.poll(() => bob.packets).toBe(1);
});

test('plain HTTP on the HTTPS port is sent to HTTPS', async () => {
  const server = await start({ tls: await makeCertificate(['localhost', '127.0.0.1']) });
  const response = await fetch(`${server.url.replace('https', 'http')}/r/maple-otter-7`, {
    redirect: 'manual',
  });
  expect([response.status, response.headers.get('location')]).toEqual([307, `${server.url}/r/maple-otter-7`]);
});

test('closing does not wait for connections that never said anything', async () => {
  const server = await start({ tls: await makeCertificate(['localhost', '127.0.0.1']) });
  const silent = connect(server.port, '127.0.0.1');
  silent.on('error', () => undefined);
  await once(silent, 'connect');
  const before = performance.now();
  await server.close();
  expect(performance.now() - before).toBeLessThan(1000);
});

test('closing ends every connection', async () => {
  const server = await start();
  const [ann] = await pair(server);
  await server.close();
  await expect.poll(() => ann.code).toBeDefined();
  await expect(fetch(server.url)).rejects.toThrow();
});

test('tells pages where other devices find it: nowhere when it listens on this machine only', async () => {
  const local = await start();
  expect(await (await fetch(`${local.url}/addresses.json`)).json()).toEqual([]);
  const everywhere = await start({ host: '0.0.0.0' });
  const told = await (await fetch(`http://127.0.0.1:${everywhere.port}/addresses.json`)).json();
  expect(told).toEqual(everywhere.urls);
});
