import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { PeerId, RoomId } from '../core/ids.ts';
import { systemClock } from '../core/mesh/clock.ts';
import type { Socket } from '../core/mesh/lasting-socket.ts';
import { RoomSeal } from '../core/mesh/seal.ts';
import { SignalingClient } from '../core/mesh/signaling-client.ts';
import { type RunningServer, startServer } from './server.ts';

/** Both ends of signaling as they are in the product, over a real WebSocket. */

const [ANN, BOB] = ['a', 'b'].map((digit) => digit.repeat(16) as PeerId) as [PeerId, PeerId];
const ROOM = 'maple-otter-7' as RoomId;
const SECRET = 'AAECAwQFBgcICQoLDA0ODw';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'potluck-meeting-'));
  return () => rmSync(root, { recursive: true });
});
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(port = 0): Promise<RunningServer> {
  const server = await startServer({ host: '127.0.0.1', port, root });
  closing.push(() => server.close());
  return server;
}

async function device(
  me: PeerId,
  port: number,
  secret: string = SECRET,
): Promise<{ client: SignalingClient; happened: unknown[][]; of(name: string): unknown[][] }> {
  const happened: unknown[][] = [];
  const note =
    (name: string) =>
    (...details: unknown[]): void => {
      happened.push([name, ...details]);
    };
  const client = new SignalingClient({
    room: ROOM,
    seal: await RoomSeal.derive({
      subtle: crypto.subtle,
      random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
      room: ROOM,
      secret,
      me,
    }),
    key: `key-of-${me}`,
    connect: (): Socket => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/signal`);
      socket.on('error', () => undefined);
      return socket;
    },
    clock: systemClock,
    random: Math.random,
    door: {
      state: note('state'),
      entered: note('entered'),
      waiting: note('waiting'),
      leading: note('leading'),
      refused: note('refused'),
      knock: note('knock'),
      knockGone: note('knock-gone'),
    },
    report: note('report'),
  });
  client.listen({
    welcome: note('welcome'),
    iceServers: note('ice-servers'),
    peerJoined: note('peer-joined'),
    peerLeft: note('peer-left'),
    signal: note('signal'),
    relay: note('relay'),
    lost: note('lost'),
  });
  closing.push(() => client.leave());
  return { client, happened, of: (name) => happened.filter(([kind]) => kind === name) };
}

test('two devices exchange signals and 20 MB of packets, whole and in order', async () => {
  const server = await start();
  const [ann, bob] = [await device(ANN, server.port), await device(BOB, server.port)];
  ann.client.open(false);
  await expect.poll(() => ann.of('welcome')).toHaveLength(1);
  bob.client.join('{"name":"Pixel"}');
  await expect.poll(() => bob.of('welcome')).toEqual([['welcome', [ANN], []]]);
  ann.client.signal(BOB, 'an offer');
  const count = 320;
  for (let i = 0; i < count; i++) {
    ann.client.relay(BOB, new Uint8Array(65_544).fill(i & 255));
    // As a wire does: no more than a MiB under way.
    while (ann.client.relayBufferedBytes() > 1024 * 1024) await new Promise((go) => setTimeout(go, 1));
  }
  ann.client.signal(BOB, 'the end');
  await expect.poll(() => bob.of('signal'), { timeout: 15_000 }).toHaveLength(2);
  const packets = bob.of('relay').map(([, from, bytes]) => [from, (bytes as Uint8Array)[65_543]]);
  expect(packets).toEqual(Array.from({ length: count }, (_, i) => [ANN, i & 255]));
  expect(bob.happened.at(-1)).toEqual(['signal', ANN, 'the end']);
  expect([...ann.of('report'), ...bob.of('report')]).toEqual([]);
  expect(ann.client.relayBufferedBytes()).toBe(0);
}, 30_000);

test('with "ask first" the leader reads the name and decides', async () => {
  const server = await start();
  const [ann, bob] = [await device(ANN, server.port), await device(BOB, server.port)];
  ann.client.open(true);
  await expect.poll(() => ann.of('welcome')).toHaveLength(1);
  bob.client.join('{"name":"Pixel"}');
  await expect.poll(() => ann.of('knock')).toEqual([['knock', BOB, '{"name":"Pixel"}']]);
  expect(bob.of('waiting')).toHaveLength(1);
  ann.client.admit(BOB);
  await expect.poll(() => bob.of('welcome')).toHaveLength(1);
});

test('another secret stays outside', async () => {
  const server = await start();
  const [ann, eve] = [
    await device(ANN, server.port),
    await device(BOB, server.port, 'BBECAwQFBgcICQoLDA0ODw'),
  ];
  ann.client.open(false);
  await expect.poll(() => ann.of('welcome')).toHaveLength(1);
  eve.client.join('');
  await expect.poll(() => eve.of('refused')).toEqual([['refused', 'wrong-secret', expect.any(String)]]);
  expect(ann.of('peer-joined')).toEqual([]);
});

test('a room survives the restart of its server', async () => {
  const first = await start();
  const [ann, bob] = [await device(ANN, first.port), await device(BOB, first.port)];
  ann.client.open(false);
  await expect.poll(() => ann.of('welcome')).toHaveLength(1);
  bob.client.join('');
  await expect.poll(() => bob.of('welcome')).toHaveLength(1);
  await first.close();
  await expect.poll(() => bob.of('lost')).toHaveLength(1);
  await start(first.port);
  await expect.poll(() => bob.of('welcome'), { timeout: 10_000 }).toHaveLength(2);
  await expect.poll(() => ann.of('welcome'), { timeout: 10_000 }).toHaveLength(2);
  bob.client.signal(ANN, 'still here');
  await expect.poll(() => ann.of('signal')).toEqual([['signal', BOB, 'still here']]);
});
