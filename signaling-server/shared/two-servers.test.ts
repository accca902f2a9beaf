import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createClient } from '@redis/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RawData, WebSocket } from 'ws';
import type { PeerId, RoomId } from '../../core/ids.ts';
import type { FromServer, ToServer } from '../../core/protocol/signaling.ts';
import { NO_REDIS, REDIS, type RedisProcess, startRedis } from '../../e2e/redis.ts';
import type { ServerEvent } from '../events.ts';
import { type RunningServer, startServer } from '../server.ts';

/** Real servers in this process, over a real Redis; that one of two processes is killed is a story (`e2e/stories`). */

const [ANN, BOB, CID] = ['a', 'b', 'c'].map((digit) => digit.repeat(16) as PeerId) as [
  PeerId,
  PeerId,
  PeerId,
];
const PROOF = 'p'.repeat(43);
const MIB = 1024 * 1024;
const PACKET_BYTES = 65_536;

let redis: RedisProcess;
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function start(options: Partial<Parameters<typeof startServer>[0]> = {}): Promise<RunningServer> {
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    root: 'nowhere',
    redis: redis.url,
    ...options,
  });
  open.push(server);
  await expect.poll(() => server.load().isRedisConnected).toBe(true);
  return server;
}

class Page {
  readonly socket: WebSocket;
  readonly texts: FromServer[] = [];
  readonly packets: number[] = [];
  code: number | undefined;

  constructor(server: RunningServer) {
    this.socket = new WebSocket(`${server.url.replace('http', 'ws')}/signal`);
    open.push({ close: () => this.socket.terminate() });
    this.socket.on('message', (data: RawData, isBinary) => {
      // The last bytes of a packet are its number.
      if (isBinary) this.packets.push((data as Buffer).readUInt32LE((data as Buffer).length - 4));
      else this.texts.push(JSON.parse(String(data)) as FromServer);
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
  relay(to: PeerId, n: number): void {
    const packet = Buffer.alloc(PACKET_BYTES, 7);
    packet.write(to, 'hex');
    packet.writeUInt32LE(n, PACKET_BYTES - 4);
    this.socket.send(packet);
  }
}

const me = (peer: PeerId, room: string) => ({
  room: room as RoomId,
  peer,
  key: `key-of-${peer}`,
  proof: PROOF,
});
const opens = (peer: PeerId, room: string): ToServer => ({
  type: 'open',
  ...me(peer, room),
  askFirst: false,
});
const joins = (peer: PeerId, room: string): ToServer => ({ type: 'join', ...me(peer, room), card: '' });

async function pair(a: RunningServer, b: RunningServer, room: string): Promise<[Page, Page]> {
  const ann = await new Page(a).say(opens(ANN, room));
  await ann.heard('welcome');
  const bob = await new Page(b).say(joins(BOB, room));
  await bob.heard('welcome');
  await ann.heard('peer-joined');
  return [ann, bob];
}

const numbers = (count: number): number[] => [...Array(count).keys()];

describe.skipIf(REDIS === null)('two servers over one Redis', () => {
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.remove());

  test('20 MB of packets and the signals between them pass from server to server, whole and in order', async () => {
    const [ann, bob] = await pair(await start(), await start(), 'relay-room-1');
    await ann.say({ type: 'signal', to: BOB, sealed: 'first' });
    for (const n of numbers(320)) ann.relay(BOB, n);
    await ann.say({ type: 'signal', to: BOB, sealed: 'last' });
    await bob.heard('signal', 2);
    expect(bob.packets).toEqual(numbers(320));
  });

  test('a sender waits for a slow recipient at another server, and nothing is lost', async () => {
    const [a, b] = [await start(), await start()];
    const [ann, bob] = await pair(a, b, 'slow-room-1');
    bob.socket.pause();
    const count = 1000;
    for (const n of numbers(count)) ann.relay(BOB, n);
    let before = -1;
    const isAtRest = (): boolean => {
      const still = a.relayedBytes() === before;
      before = a.relayedBytes();
      return still;
    };
    await expect.poll(isAtRest, { interval: 200, timeout: 10_000 }).toBe(true);
    // The window, and what the system's socket buffers took.
    expect(before).toBeGreaterThan(MIB);
    expect(before).toBeLessThan(16 * MIB);
    // Others do not wait with it.
    const cid = await new Page(b).say(joins(CID, 'slow-room-1'));
    await cid.heard('welcome');
    cid.relay(ANN, 1);
    await expect.poll(() => ann.packets).toEqual([1]);
    bob.socket.resume();
    await expect.poll(() => bob.packets.length, { timeout: 60_000 }).toBe(count);
    expect(bob.packets).toEqual(numbers(count));
  }, 90_000);

  test('a sender that waits goes on when the slow recipient is gone', async () => {
    const [a, b] = [await start(), await start()];
    const [ann, bob] = await pair(a, b, 'slow-room-2');
    bob.socket.pause();
    for (const n of numbers(1000)) ann.relay(BOB, n);
    await expect.poll(() => a.relayedBytes()).toBeGreaterThan(MIB);
    bob.socket.terminate();
    await ann.say({ type: 'ping' });
    await ann.heard('pong');
  });

  test('Redis restarts: those inside stay and signal each other again, newcomers are told to try again meanwhile', async () => {
    const events: ServerEvent[] = [];
    const [a, b] = [await start({ log: (event) => events.push(event) }), await start()];
    const [ann, bob] = await pair(a, b, 'restart-room-1');
    await redis.stop();
    await ann.heard('peer-left');
    const early = await new Page(b).say(joins(CID, 'restart-room-1'));
    expect(await early.heard('refused')).toMatchObject({ reason: 'unavailable' });
    await redis.start();
    await expect.poll(() => [a, b].map((server) => server.load().isRedisConnected)).toEqual([true, true]);
    const cid = await new Page(b).say(joins(CID, 'restart-room-1'));
    expect(await cid.heard('welcome')).toMatchObject({ leader: ANN });
    for (const page of [ann, bob])
      await expect.poll(() => page.texts).toContainEqual({ type: 'peer-joined', peer: CID });
    await ann.say({ type: 'signal', to: BOB, sealed: 'still' });
    await bob.say({ type: 'signal', to: ANN, sealed: 'here' });
    await Promise.all([ann.heard('signal'), bob.heard('signal')]);
    expect([ann.code, bob.code]).toEqual([undefined, undefined]);
    expect(events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['redis-connected', 'redis-lost', 'redis-connected']),
    );
  });

  test('who comes when Redis has just been emptied gets in: what is counted for a room is not in its place', async () => {
    const a = await start();
    const ann = await new Page(a).say(opens(ANN, 'emptied-room-1'));
    await ann.heard('welcome');
    const client = createClient({ url: redis.url });
    await client.connect();
    await client.flushAll();
    client.destroy();
    const bob = await new Page(a).say(joins(BOB, 'emptied-room-1'));
    expect(await bob.heard('welcome')).toMatchObject({ leader: ANN, peers: [ANN] });
    await ann.heard('peer-joined');
  });

  test('what others publish to a server by mistake changes nothing', async () => {
    const events: string[] = [];
    const a = await start({ log: ({ event }) => events.push(event) });
    const ann = await new Page(a).say(opens(ANN, 'noise-room-1'));
    await ann.heard('welcome');
    const client = createClient({ url: redis.url });
    await client.connect();
    const channels: unknown = await client.sendCommand(['PUBSUB', 'CHANNELS', 'potluck:1:to:*']);
    expect(channels).toHaveLength(1);
    const channel = String([channels].flat()[0]);
    for (const noise of ['hello', 'null', '{"type":"other"}', '\u0001', '\u0001\u0050abcdef'])
      await client.publish(channel, noise);
    client.destroy();
    const bob = await new Page(a).say(joins(BOB, 'noise-room-1'));
    await bob.heard('welcome');
    expect(events).not.toContain('redis-lost');
  });

  test('a Redis that falls silent is as good as none: newcomers are told so, and get in when it speaks again', async () => {
    const a = await start();
    process.kill(redis.pid(), 'SIGSTOP');
    try {
      await expect.poll(() => a.load().isRedisConnected, { timeout: 15_000 }).toBe(false);
      const early = await new Page(a).say(opens(ANN, 'silent-room-1'));
      expect(await early.heard('refused')).toMatchObject({ reason: 'unavailable' });
    } finally {
      process.kill(redis.pid(), 'SIGCONT');
    }
    await expect.poll(() => a.load().isRedisConnected, { timeout: 15_000 }).toBe(true);
    const ann = await new Page(a).say(opens(ANN, 'silent-room-1'));
    await ann.heard('welcome');
  }, 60_000);

  test('a server that goes down is left by its pages, which the other one takes in; its health says so first', async () => {
    const [a, b] = [await start(), await start()];
    const [ann, bob] = await pair(a, b, 'drain-room-1');
    expect((await fetch(`${a.url}/healthz`)).status).toBe(200);
    const drained = a.drain(1000);
    const health = await fetch(`${a.url}/healthz`);
    expect([health.status, await health.json()]).toEqual([503, { status: 'draining', redis: 'connected' }]);
    const refused = new WebSocket(`${a.url.replace('http', 'ws')}/signal`);
    const [error] = await once(refused, 'error');
    expect(String(error)).toContain('503');
    await drained;
    expect(ann.code).toBe(1012);
    const again = await new Page(b).say(opens(ANN, 'drain-room-1'));
    expect(await again.heard('welcome')).toMatchObject({ leader: ANN, peers: [BOB] });
    expect(await bob.heard('peer-left')).toEqual({ type: 'peer-left', peer: ANN, why: 'away' });
    await bob.heard('peer-joined');
  });

  test('rate limits count for all servers together', async () => {
    const [a, b] = [await start({ behindProxy: true }), await start({ behindProxy: true })];
    const arrive = async (server: RunningServer): Promise<string> => {
      const headers = { 'x-forwarded-for': '10.9.8.7' };
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}/signal`, { headers });
      await once(socket, 'open');
      socket.send(JSON.stringify(opens(ANN, `limit-room-${Math.random().toString(36).slice(2, 10)}`)));
      const [text] = await once(socket, 'message');
      socket.terminate();
      const { type, reason } = JSON.parse(String(text)) as { type: string; reason?: string };
      return reason ?? type;
    };
    const answers: string[] = [];
    for (let n = 0; n < 124; n++) answers.push(await arrive(n % 2 ? a : b));
    expect(answers.slice(0, 120)).toEqual(Array(120).fill('welcome'));
    expect(answers.slice(120)).toEqual(Array(4).fill('too-many'));
  });
});

test.runIf(REDIS === null)(NO_REDIS, ({ skip }) => skip());

test('a server whose Redis is not there starts, says so, and tells newcomers to try again', async () => {
  const events: string[] = [];
  // Nobody listens on this port.
  const server = await startServer({
    ...{ host: '127.0.0.1', port: 0, root: 'nowhere' },
    redis: 'redis://127.0.0.1:9',
    log: ({ event }) => events.push(event),
  });
  open.push(server);
  expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'ok', redis: 'away' });
  const page = await new Page(server).say(opens(ANN, 'lonely-room-1'));
  expect(await page.heard('refused')).toMatchObject({ reason: 'unavailable' });
  await expect.poll(() => events).toContain('redis-lost');
});

test('a Redis that takes the connection and never answers is told to whoever starts the server', async () => {
  const mute = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  open.push(mute);
  const events: string[] = [];
  const server = await startServer({
    ...{ host: '127.0.0.1', port: 0, root: 'nowhere' },
    redis: `redis://127.0.0.1:${(mute.address() as AddressInfo).port}`,
    log: ({ event }) => events.push(event),
  });
  open.push(server);
  await expect.poll(() => events, { timeout: 10_000 }).toContain('redis-lost');
}, 20_000);
