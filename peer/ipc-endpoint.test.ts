import { EventEmitter } from 'node:events';
import { deserialize, serialize } from 'node:v8';
import { expect, test } from 'vitest';
import { ipcEndpoint } from './ipc-endpoint.ts';

/** Both ends of a channel; what goes through is copied as between processes. */
function channel(): [EventEmitter & { send: (message: unknown) => boolean }, EventEmitter] {
  const [here, there] = [new EventEmitter(), new EventEmitter()];
  const send = (message: unknown): boolean => there.emit('message', deserialize(serialize(message)));
  return [Object.assign(here, { send }), there];
}

test('views that arrive have a buffer each, as large as they are', () => {
  const [here, there] = channel();
  const heard: unknown[] = [];
  const listener = { handleEvent: (event: Event) => heard.push((event as MessageEvent).data) };
  ipcEndpoint(there).addEventListener('message', listener);
  const outputs = [Float32Array.of(1, 2), Uint8Array.of(3, 4, 5), BigInt64Array.of(6n), new Uint8Array(0)];
  ipcEndpoint(here).postMessage({ id: 'x', list: [{ outputs, none: null }], text: 'y' });
  expect(heard).toEqual([{ id: 'x', list: [{ outputs, none: null }], text: 'y' }]);
  const [{ list }] = heard as [{ list: [{ outputs: Uint8Array[] }] }];
  const got = list[0].outputs;
  expect(got.map((view) => view.buffer.byteLength)).toEqual([8, 3, 8, 0]);
  expect(new Set(got.map((view) => view.buffer)).size).toBe(4);
});

test('who no longer listens hears nothing', () => {
  const [here, there] = channel();
  const heard: unknown[] = [];
  const endpoint = ipcEndpoint(there);
  const listener = { handleEvent: (event: Event) => heard.push((event as MessageEvent).data) };
  endpoint.addEventListener('message', listener);
  ipcEndpoint(here).postMessage(1);
  endpoint.removeEventListener('message', listener);
  ipcEndpoint(here).postMessage(2);
  expect(heard).toEqual([1]);
});
