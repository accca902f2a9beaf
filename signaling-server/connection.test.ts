import { EventEmitter } from 'node:events';
import { beforeEach, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { Connection } from './connection.ts';
import { IceLists } from './ice-lists.ts';
import { Limits } from './limits.ts';
import { Rooms } from './rooms.ts';

/** What a Connection uses of ws. */
class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  pings = 0;
  isTerminated = false;
  ping(): void {
    this.pings++;
  }
  send(_: unknown, done: () => void): void {
    this.flush = done;
  }
  flush: () => void = () => undefined;
  terminate(): void {
    this.isTerminated = true;
  }
}

const ignore = (): void => undefined;

let now: number;
let socket: FakeSocket;
let connection: Connection;
beforeEach(() => {
  now = 0;
  socket = new FakeSocket();
  const rooms = new Rooms({ now: () => now, ice: new IceLists([]), log: () => undefined });
  connection = new Connection(
    socket as unknown as WebSocket,
    rooms,
    () => now,
    { heard: ignore, joined: ignore, refused: ignore, relayed: ignore },
    { address: '127.0.0.1', limits: new Limits() },
  );
});

async function open(): Promise<void> {
  const message = {
    type: 'open',
    room: 'maple-otter-7',
    peer: 'a'.repeat(16),
    key: 'k'.repeat(32),
    proof: 'p'.repeat(43),
    askFirst: false,
  };
  socket.emit('message', Buffer.from(JSON.stringify(message)), false);
  // Limits are asked first.
  await new Promise(setImmediate);
}

function pass(seconds: number, each: () => void = () => undefined): void {
  for (let i = 0; i < seconds && !socket.isTerminated; i++) {
    now += 1000;
    each();
    connection.tick();
  }
}

test('who does not say who it is within 10 s is dropped, even when it answers pings', () => {
  pass(60, () => socket.emit('pong'));
  expect([socket.isTerminated, now]).toEqual([true, 10_000]);
});

test('it is pinged every 10 s and stays while it answers', async () => {
  await open();
  pass(600, () => socket.emit('pong'));
  expect([socket.isTerminated, socket.pings]).toEqual([false, 60]);
});

test('it is dropped after 25 s of silence', async () => {
  await open();
  pass(600);
  expect([socket.isTerminated, now]).toEqual([true, 25_000]);
});

test('it stays while what it was sent is on its way, though its pongs are late', async () => {
  await open();
  pass(600, () => socket.flush());
  expect(socket.isTerminated).toBe(false);
});
