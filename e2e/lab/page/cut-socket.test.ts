import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cutSockets } from './cut-socket.ts';
import { Partition } from './partition.ts';

/** As much of a WebSocket as is needed: what it is told comes back. */
class Echo extends EventTarget {
  readonly OPEN = 1;
  readyState = 1;
  send(data: string): void {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }
  close(): void {
    this.readyState = 3;
    this.dispatchEvent(new Event('close'));
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a socket says and hears nothing while the page is cut off, and then all of it', () => {
  const partition = new Partition();
  const socket = new (cutSockets(Echo as unknown as typeof WebSocket, partition))('ws://nowhere');
  const heard: unknown[] = [];
  socket.addEventListener('message', ({ data }) => heard.push(data));
  socket.addEventListener('close', () => heard.push('closed'));
  socket.send('one');
  partition.cut(1000);
  socket.send('two');
  Echo.prototype.send.call(socket, 'from there');
  vi.advanceTimersByTime(900);
  expect(heard).toEqual(['one']);
  vi.advanceTimersByTime(200);
  expect(heard).toEqual(['one', 'from there', 'two']);
  partition.cut(1000);
  socket.close();
  expect(socket.readyState).toBe(1);
  vi.advanceTimersByTime(1100);
  expect(heard.at(-1)).toBe('closed');
});
