import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { PeerId, RoomId } from '../../core/ids.ts';
import { systemClock } from '../../core/mesh/clock.ts';
import type { Socket } from '../../core/mesh/lasting-socket.ts';
import { Mesh } from '../../core/mesh/mesh.ts';
import { RoomSeal } from '../../core/mesh/seal.ts';
import { SignalingClient } from '../../core/mesh/signaling-client.ts';
import { NO_REDIS, REDIS, type RedisProcess, startRedis } from '../../e2e/redis.ts';
import { type RunningServer, startServer } from '../server.ts';

/** The product's mesh with no direct way: every packet passes two servers and Redis between them. */

const [ANN, BOB] = ['a', 'b'].map((digit) => digit.repeat(16) as PeerId) as [PeerId, PeerId];
const ROOM = 'maple-otter-7' as RoomId;
const MESSAGE_BYTES = 300_000;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Device {
  readonly client: SignalingClient;
  readonly mesh: Mesh;
  /** Numbers of the messages that came, each in its first four bytes. */
  readonly got: number[];
  readonly reports: string[];
  /** When a link came up or went down. */
  readonly links: string[];
}

async function device(me: PeerId, server: RunningServer): Promise<Device> {
  const seal = await RoomSeal.derive({
    subtle: crypto.subtle,
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    room: ROOM,
    secret: 'AAECAwQFBgcICQoLDA0ODw',
    me,
  });
  const reports: string[] = [];
  const ignore = (): void => undefined;
  const client = new SignalingClient({
    ...{ room: ROOM, seal, key: `key-of-${me}`, clock: systemClock, random: Math.random },
    connect: (): Socket => {
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}/signal`);
      socket.on('error', ignore);
      return socket;
    },
    door: {
      ...{
        state: ignore,
        entered: ignore,
        waiting: ignore,
        leading: ignore,
        knock: ignore,
        knockGone: ignore,
      },
      refused: (reason) => reports.push(`refused: ${reason}`),
    },
    report: (error) => reports.push(String(error)),
  });
  const mesh = new Mesh({
    ...{ me, rendezvous: client, dial: null, clock: systemClock },
    random32: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 1,
    report: (_peer, error) => reports.push(error.message),
  });
  const got: number[] = [];
  const links: string[] = [];
  mesh.listen({
    peerUp: () => links.push('up'),
    peerDown: (_peer, reason) => links.push(`down: ${reason}`),
    linkChanged: ignore,
    control: ignore,
    binary: (_peer, _kind, bytes) => {
      expect(bytes.length).toBe(MESSAGE_BYTES);
      got.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true));
    },
  });
  closing.push(() => {
    mesh.close('the test is over');
    client.leave();
  });
  return { client, mesh, got, reports, links };
}

function message(n: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(MESSAGE_BYTES).fill(n & 255);
  new DataView(bytes.buffer).setUint32(0, n, true);
  return bytes;
}

describe.skipIf(REDIS === null)('two devices without a direct way at two servers', () => {
  let redis: RedisProcess;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.remove());

  async function pair(): Promise<{ ann: Device; bob: Device; servers: RunningServer[] }> {
    const servers: RunningServer[] = [];
    for (let n = 0; n < 2; n++) {
      const server = await startServer({ host: '127.0.0.1', port: 0, root: 'nowhere', redis: redis.url });
      closing.push(() => server.close());
      await expect.poll(() => server.load().isRedisConnected).toBe(true);
      servers.push(server);
    }
    const [a, b] = servers as [RunningServer, RunningServer];
    const ann = await device(ANN, a);
    ann.client.open(false);
    await expect.poll(() => a.load().rooms).toBe(1);
    const bob = await device(BOB, b);
    bob.client.join('');
    await expect.poll(() => [ann.links, bob.links]).toEqual([['up'], ['up']]);
    return { ann, bob, servers };
  }

  test('messages arrive whole and in order', async () => {
    const { ann, bob } = await pair();
    for (let n = 0; n < 20; n++) {
      await ann.mesh.send(BOB, 'activation', [message(n)]);
      await bob.mesh.send(ANN, 'activation', [message(n)]);
    }
    await expect.poll(() => [ann.got.length, bob.got.length]).toEqual([20, 20]);
    expect(bob.got).toEqual([...Array(20).keys()]);
    expect([...ann.reports, ...bob.reports]).toEqual([]);
  });

  test('Redis is away for a moment in the middle of messages: nobody is taken for an offender, and each arrives exactly once', async () => {
    const { ann, bob } = await pair();
    let isOver = false;
    let sent = 0;
    const sending = (async () => {
      while (!isOver) {
        await ann.mesh.send(BOB, 'activation', [message(sent++)]).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    await expect.poll(() => bob.got.length).toBeGreaterThan(10);
    for (let outage = 0; outage < 3; outage++) {
      await redis.stop();
      await new Promise((resolve) => setTimeout(resolve, 200));
      await redis.start();
      const before = bob.got.length;
      await expect.poll(() => bob.got.length, { timeout: 30_000 }).toBeGreaterThan(before + 10);
    }
    isOver = true;
    await sending;
    expect([...ann.reports, ...bob.reports]).toEqual([]);
    // What was under way comes again, perhaps behind others: each exactly once.
    const all = [...Array(sent).keys()];
    // On a busy machine the link may have been given up meanwhile; then what was on it is for its callers to ask again.
    if (bob.links.length === 1) await expect.poll(() => new Set(bob.got).size).toBe(sent);
    expect(bob.got).toHaveLength(new Set(bob.got).size);
    expect(all).toEqual(expect.arrayContaining(bob.got));
  }, 120_000);
});

test.runIf(REDIS === null)(NO_REDIS, ({ skip }) => skip());
