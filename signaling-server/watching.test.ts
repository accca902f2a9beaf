import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { FromServer, ToServer } from '../core/protocol/signaling.ts';
import { type ServerEvent, sentenceOf } from './events.ts';
import { journal } from './journal.ts';
import { makeMetrics } from './metrics.ts';
import { startServer } from './server.ts';

/** Logs and metrics of a room's whole life: what they say, and what must not be in them. */

const [ANN, BOB] = ['a', 'b'].map((digit) => digit.repeat(16)) as [string, string];
const PROOF = 'p'.repeat(43);
const ROOM = 'maple-otter-7';
const SECRETS = [ANN, BOB, ROOM, PROOF, 'key-of', 'sealed-card', 'sealed-signal', '127.0.0.1', '10.1.2.3'];

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A room is opened, joined, used and left, and a wrong secret is refused. */
async function life(options: Partial<Parameters<typeof startServer>[0]>): Promise<void> {
  const server = await startServer({ host: '127.0.0.1', port: 0, root: 'nowhere', ...options });
  closing.push(() => server.close());
  const say = async (message: object, until: FromServer['type']): Promise<WebSocket> => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/signal`);
    closing.push(() => socket.terminate());
    await once(socket, 'open');
    const heard = new Promise<void>((resolve) =>
      socket.on('message', (data, isBinary) => {
        if (!isBinary && (JSON.parse(String(data)) as FromServer).type === until) resolve();
      }),
    );
    socket.send(JSON.stringify(message as ToServer));
    await heard;
    return socket;
  };
  const me = (peer: string) => ({ room: ROOM, peer, key: `key-of-${peer}`, proof: PROOF });
  const ann = await say({ type: 'open', ...me(ANN), askFirst: false }, 'welcome');
  const bob = await say({ type: 'join', ...me(BOB), card: 'sealed-card' }, 'welcome');
  await say({ type: 'join', ...me('c'.repeat(16)), proof: 'q'.repeat(43), card: '' }, 'refused');
  bob.send(JSON.stringify({ type: 'signal', to: ANN, sealed: 'sealed-signal' }));
  bob.send(Buffer.concat([Buffer.from(ANN, 'hex'), Buffer.alloc(992)]));
  await expect.poll(() => server.relayedBytes()).toBe(1000);
  bob.close();
  await once(bob, 'close');
  ann.send(JSON.stringify({ type: 'leave' }));
  await once(ann, 'close');
  await expect.poll(() => server.load().connections).toBe(0);
}

test('metrics tell rooms, members, joins, refusals, messages and bytes, and nothing of anybody', async () => {
  const metrics = await makeMetrics();
  closing.push(() => metrics.close());
  const load = { rooms: 3, visitors: 5, connections: 6, isRedisConnected: true };
  const port = await metrics.listen('127.0.0.1', 0, () => load);
  await life({ observer: metrics.observer });
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const text = await response.text();
  expect(response.headers.get('content-type')).toContain('text/plain');
  for (const line of [
    'potluck_rooms 3',
    'potluck_members 5',
    'potluck_connections 6',
    'potluck_redis_up 1',
    'potluck_joins_total 2',
    'potluck_refusals_total{reason="wrong-secret"} 1',
    'potluck_messages_total 6',
    'potluck_relayed_bytes_total 1000',
    'potluck_join_seconds_count 2',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  for (const name of ['nodejs_eventloop_lag_seconds', 'process_resident_memory_bytes']) {
    expect(text).toMatch(new RegExp(`^${name} [0-9.e+-]+$`, 'm'));
  }
  for (const secret of SECRETS) expect(text).not.toContain(secret);
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
});

test('events of a room, as sentences and as data, hold no names, keys, secrets or addresses', async () => {
  const events: ServerEvent[] = [];
  await life({ log: (event) => events.push(event) });
  const told = new Set(events.map(({ event }) => event));
  expect([...told].sort()).toEqual(['arrived', 'connection-ended', 'refused', 'room-opened']);
  const text = events.map((event) => `${sentenceOf(event)} ${JSON.stringify(event)}`).join('\n');
  for (const secret of SECRETS) expect(text).not.toContain(secret);
});

test('who asks for no log hears of Redis, and of nothing else', async () => {
  const said: unknown[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line) => said.push(line));
  try {
    const [quiet, human] = [await journal('quiet'), await journal('human')];
    const events: ServerEvent[] = [{ event: 'redis-lost' }, { event: 'leader-returned' }];
    for (const event of events) quiet(event);
    expect(said.splice(0)).toEqual([sentenceOf({ event: 'redis-lost' })]);
    for (const event of events) human(event);
    expect(said).toEqual(events.map(sentenceOf));
  } finally {
    log.mockRestore();
  }
});

test('with --log json each event is a line of JSON', async () => {
  const script = `
    const { journal } = await import('./signaling-server/journal.ts');
    const log = await journal('json');
    log({ event: 'refused', reason: 'room-full' });
    log({ event: 'redis-lost' });`;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(lines).toEqual([
    { level: 30, time: expect.any(String), event: 'refused', reason: 'room-full', msg: expect.any(String) },
    { level: 40, time: expect.any(String), event: 'redis-lost', msg: expect.any(String) },
  ]);
});
