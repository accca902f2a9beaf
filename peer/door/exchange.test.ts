import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CallerGoneError, Exchange } from './exchange.ts';
import { UnderWay } from './under-way.ts';

/** A response whose caller takes nothing. */
class Stuck extends EventEmitter {
  writableFinished = false;
  readonly write = vi.fn(() => false);
  readonly destroy = vi.fn(() => this.emit('close'));
  readonly setHeader = vi.fn();
  readonly writeHead = vi.fn();
  readonly end = vi.fn();
  /** As a socket on which nothing moves. */
  readonly setTimeout = vi.fn((ms: number, silent: () => void) => void setTimeout(silent, ms));
}

let response: Stuck;
let exchange: Exchange;
beforeEach(() => {
  vi.useFakeTimers();
  response = new Stuck();
  const request = new EventEmitter() as IncomingMessage;
  exchange = new Exchange(request, response as unknown as ServerResponse, new UnderWay(10, 'full'));
});
afterEach(() => {
  vi.useRealTimers();
});

test('who writes waits until the caller has room', async () => {
  let isDone = false;
  const writing = exchange.write('a').then(() => {
    isDone = true;
  });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(isDone).toBe(false);
  response.emit('drain');
  await writing;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(response.destroy).not.toHaveBeenCalled();
  expect(response.listenerCount('drain')).toBe(0);
});

test('a caller that takes nothing for half a minute is gone, and whoever writes hears of it', async () => {
  const writing = expect(exchange.write('a')).rejects.toBeInstanceOf(CallerGoneError);
  await vi.advanceTimersByTimeAsync(29_000);
  expect(response.destroy).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2000);
  await writing;
  expect(response.destroy).toHaveBeenCalledTimes(1);
  expect(exchange.signal.aborted).toBe(true);
  await expect(exchange.write('b')).rejects.toBeInstanceOf(CallerGoneError);
});

test('so is one that does not take a whole answer', async () => {
  exchange.send(Buffer.alloc(100), 'text/plain');
  expect(response.end).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(29_000);
  expect(response.destroy).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2000);
  expect(response.destroy).toHaveBeenCalledTimes(1);
  expect(exchange.signal.aborted).toBe(true);
});

test('what is counted comes back once, and no more than there is can be had', () => {
  const bytes = new UnderWay(10, 'There is no room.');
  const give = bytes.take(7);
  expect(() => bytes.take(4)).toThrow(expect.objectContaining({ status: 429, message: 'There is no room.' }));
  expect(bytes.count).toBe(7);
  give();
  give();
  expect(bytes.count).toBe(0);
  expect(() => bytes.take(10)).not.toThrow();
});
