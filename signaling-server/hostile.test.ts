import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { PeerId } from '../core/ids.ts';
import {
  below,
  damagedBytes,
  damagedJson,
  pick,
  type Random,
  randomBytes,
  seeded,
} from '../core/protocol/mutations.ts';
import type { FromServer } from '../core/protocol/signaling.ts';
import { type RunningServer, startServer } from './server.ts';

/** Texts that reached the parser. */
let parsed = 0;
vi.mock(import('../core/protocol/parse-signaling.ts'), async (original) => {
  const { parseToServer, ...others } = await original();
  return {
    ...others,
    parseToServer: (text) => {
      parsed += 1;
      return parseToServer(text);
    },
  };
});

const [ANN, BOB, EVE] = ['a', 'b', 'e'].map((digit) => digit.repeat(16)) as [PeerId, PeerId, PeerId];
const PROOF = 'p'.repeat(43);
const ROOM = 'maple-otter-7';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function start(behindProxy = false): Promise<RunningServer> {
  const server = await startServer({ host: '127.0.0.1', port: 0, root: 'nowhere', behindProxy });
  open.push(server);
  return server;
}

interface Page {
  readonly socket: WebSocket;
  readonly heard: FromServer[];
  readonly packets: Buffer[];
}

async function connect(server: RunningServer, address?: string): Promise<Page> {
  const headers = address === undefined ? {} : { 'x-forwarded-for': address };
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/signal`, { headers });
  open.push({ close: () => socket.terminate() });
  socket.on('error', () => undefined);
  const page: Page = { socket, heard: [], packets: [] };
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) page.packets.push(data);
    else page.heard.push(JSON.parse(String(data)) as FromServer);
  });
  await once(socket, 'open');
  return page;
}

const hello = (type: 'open' | 'join', peer: PeerId, room = ROOM, proof = PROOF): object => ({
  ...{ type, room, peer, key: `key-of-${peer}`, proof },
  ...(type === 'open' ? { askFirst: false } : { card: '' }),
});
const say = ({ socket }: Page, message: object): void => socket.send(JSON.stringify(message));

async function enter(
  server: RunningServer,
  type: 'open' | 'join',
  peer: PeerId,
  address?: string,
): Promise<Page> {
  const page = await connect(server, address);
  say(page, hello(type, peer));
  await expect.poll(() => page.heard[0]?.type, { interval: 2 }).toBe('welcome');
  return page;
}

const reasonOf = async (page: Page): Promise<string | undefined> => {
  if (page.socket.readyState !== WebSocket.CLOSED) await once(page.socket, 'close');
  const last = page.heard.at(-1);
  return last?.type === 'refused' ? last.reason : undefined;
};

const VALID: readonly object[] = [
  hello('open', EVE),
  hello('join', EVE),
  { type: 'admit', peer: ANN },
  { type: 'ask-first', value: true },
  { type: 'signal', to: ANN, sealed: 'abc' },
  { type: 'leave' },
  { type: 'ping' },
];

function damaged(random: Random): string | Buffer {
  if (random() < 0.7) return damagedJson(random, pick(random, VALID));
  // Frames for the relay, of which many name a member.
  const packet = Buffer.concat([Buffer.from(ANN, 'hex'), randomBytes(random, below(random, 300))]);
  return Buffer.from(damagedBytes(random, new Uint8Array(packet)));
}

test('1,500 damaged texts that the server reads, and relay frames between them, get nothing but typed refusals; a room goes on', async () => {
  const server = await start(true);
  const ann = await enter(server, 'open', ANN, '10.0.0.1');
  const bob = await enter(server, 'join', BOB, '10.0.0.1');
  const random = seeded(7);
  const reasons = new Set<string | undefined>();
  const before = parsed;
  // What is sent into the closing is read by nobody: only what reaches the parser counts.
  for (let connections = 0; parsed - before < 1500; connections++) {
    const eve = await connect(
      server,
      `10.${1 + (connections >> 16)}.${(connections >> 8) & 255}.${connections & 255}`,
    );
    const isOpen = (): boolean =>
      eve.socket.readyState === WebSocket.OPEN && eve.heard.at(-1)?.type !== 'refused';
    for (let n = 0; n < 100 && isOpen(); n++) {
      eve.socket.send(damaged(random));
      await new Promise(setImmediate);
    }
    for (const message of eve.heard) if (message.type === 'refused') reasons.add(message.reason);
    eve.socket.terminate();
    if (connections % 50 === 0) {
      say(bob, { type: 'signal', to: ANN, sealed: `s${connections}` });
      bob.socket.send(Buffer.concat([Buffer.from(ANN, 'hex'), Buffer.alloc(1000, 7)]));
      const told = (): boolean =>
        ann.heard.some((m) => m.type === 'signal' && m.sealed === `s${connections}`);
      await expect.poll(told, { interval: 2 }).toBe(true);
    }
  }
  expect([...reasons]).toContain('protocol');
  await expect.poll(() => ann.packets.some((packet) => packet.toString('hex', 0, 8) === BOB)).toBe(true);
  // Eve knows the secret, so now and then she is a member: under her own name only.
  const senders = new Set(ann.packets.map((packet) => packet.toString('hex', 0, 8)));
  expect([...senders].filter((peer) => peer !== BOB && peer !== EVE)).toEqual([]);
  expect(ann.heard.filter(({ type }) => type === 'refused')).toEqual([]);
}, 60_000);

test('a frame of a giant length ends its connection only', async () => {
  const server = await start();
  const ann = await enter(server, 'open', ANN);
  const eve = await connect(server);
  eve.socket.send(Buffer.alloc(1024 * 1024));
  await once(eve.socket, 'close');
  say(ann, { type: 'ping' });
  await expect.poll(() => ann.heard.at(-1)?.type).toBe('pong');
});

test('a class of thirty behind one address reloads at once, five times, and everybody gets in', async () => {
  const server = await start();
  await enter(server, 'open', ANN);
  for (let turn = 0; turn < 5; turn++) {
    const peers = Array.from({ length: 30 }, (_, n) => (n + 16).toString(16).repeat(8) as PeerId);
    const pages = await Promise.all(peers.map((peer) => enter(server, 'join', peer)));
    for (const { socket } of pages) socket.terminate();
  }
});

test('one address that comes 601 times in a minute is told too-many, another one still gets in', async () => {
  const server = await start(true);
  const ann = await enter(server, 'open', ANN, '10.0.0.1');
  const reasons = new Set<string | undefined>();
  for (let n = 0; n < 601; n++) {
    const eve = await connect(server, '10.9.9.9');
    say(eve, hello('join', EVE, 'no-such-room'));
    reasons.add(await reasonOf(eve));
  }
  expect([...reasons]).toEqual(['no-such-room', 'too-many']);
  await enter(server, 'join', BOB, '10.0.0.2');
  expect(ann.heard.at(-1)).toEqual({ type: 'peer-joined', peer: BOB });
});

test('wrong secrets are answered ever more slowly; the right one from the same address is not', async () => {
  const server = await start();
  await enter(server, 'open', ANN);
  const times: number[] = [];
  for (let n = 0; n < 12; n++) {
    const eve = await connect(server);
    const before = performance.now();
    say(eve, hello('join', EVE, ROOM, 'q'.repeat(43)));
    expect(await reasonOf(eve)).toBe('wrong-secret');
    times.push(performance.now() - before);
  }
  expect(times[10]).toBeGreaterThanOrEqual(240);
  expect(times[11]).toBeGreaterThanOrEqual(490);
  const before = performance.now();
  await enter(server, 'join', BOB);
  expect(performance.now() - before).toBeLessThan(240);
});

test('a flood of texts ends in too-many; what a newcomer sends 31 others does not', async () => {
  const server = await start();
  const ann = await enter(server, 'open', ANN);
  for (let n = 0; n < 31 * 60; n++) say(ann, { type: 'signal', to: BOB, sealed: 'abc' });
  say(ann, { type: 'ping' });
  await expect.poll(() => ann.heard.at(-1)?.type).toBe('pong');
  for (let n = 0; n < 4000; n++) say(ann, { type: 'ping' });
  expect(await reasonOf(ann)).toBe('too-many');
});

test('one address holds 600 connections at most; the next is told so', async () => {
  const server = await start(true);
  for (let n = 0; n < 600; n += 50) {
    await Promise.all(Array.from({ length: 50 }, () => connect(server, '2001:db8::1')));
  }
  const next = await connect(server, '2001:db8::2');
  expect(await reasonOf(next)).toBe('too-many');
  expect((await connect(server, '2001:db8:0:1::1')).socket.readyState).toBe(WebSocket.OPEN);
});

test('what X-Forwarded-For says counts only behind a proxy, and only its last address', async () => {
  const plain = await start(false);
  const proxied = await start(true);
  for (let n = 0; n < 600; n += 50) {
    const address = (at: number): string => `10.2.${at >> 8}.${at & 255}`;
    const fifty = Array.from({ length: 50 }, (_, at) => n + at);
    await Promise.all(fifty.map((at) => connect(plain, address(at))));
    await Promise.all(fifty.map((at) => connect(proxied, `${address(at)}, 10.3.0.1`)));
  }
  expect(await reasonOf(await connect(plain, '10.2.9.9'))).toBe('too-many');
  expect(await reasonOf(await connect(proxied, '10.2.9.9, 10.3.0.1'))).toBe('too-many');
  expect((await connect(proxied, '10.3.0.2')).socket.readyState).toBe(WebSocket.OPEN);
});
