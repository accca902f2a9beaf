import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../errors.ts';
import { parseFromServer, parseIceServers, parseToServer } from './parse-signaling.ts';

const open = {
  type: 'open',
  room: 'maple-otter-7',
  peer: '00112233aabbccdd',
  key: '0123456789abcdef0123456789abcdef',
  proof: 'A'.repeat(43),
  askFirst: false,
};

test('messages to the server come through unchanged', () => {
  for (const message of [
    open,
    { type: 'join', room: open.room, peer: open.peer, key: open.key, proof: open.proof, card: 'c2VhbGVk' },
    { type: 'admit', peer: open.peer },
    { type: 'deny', peer: open.peer },
    { type: 'ask-first', value: true },
    { type: 'signal', to: open.peer, sealed: 'c2VhbGVk' },
    { type: 'leave' },
    { type: 'ping' },
  ]) {
    expect(parseToServer(JSON.stringify(message))).toEqual(message);
  }
});

test('messages of the server come through unchanged', () => {
  for (const message of [
    { type: 'welcome', leader: open.peer, peers: [open.peer], iceServers: [{ urls: 'stun:localhost:3478' }] },
    { type: 'ice-servers', iceServers: [{ urls: ['turn:a:3478'], username: '7:a', credential: 'c' }] },
    { type: 'wait' },
    { type: 'refused', reason: 'denied', message: 'No.' },
    { type: 'knock', peer: open.peer, card: '' },
    { type: 'knock-gone', peer: open.peer },
    { type: 'peer-joined', peer: open.peer },
    { type: 'peer-left', peer: open.peer, why: 'away' },
    { type: 'signal', from: open.peer, sealed: 'c2VhbGVk' },
    { type: 'pong' },
  ]) {
    expect(parseFromServer(JSON.stringify(message))).toEqual(message);
  }
});

test.each([
  ['a room in capitals', { ...open, room: 'Maple-Otter-7' }],
  ['a short proof', { ...open, proof: 'A'.repeat(42) }],
  ['a peer id that is too long', { ...open, peer: `${open.peer}0` }],
  ['a short key', { ...open, key: 'abc' }],
  ['a missing field', { ...open, askFirst: undefined }],
  ['an unknown type', { ...open, type: 'become-leader' }],
])('refuses %s without quoting it', (_, message) => {
  let thrown: unknown;
  try {
    parseToServer(JSON.stringify(message));
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ProtocolError);
  expect(String(thrown)).not.toContain(message.key);
  expect(String(thrown)).not.toContain(message.proof);
});

test('refuses a text that is too long before it reads it', () => {
  expect(() => parseToServer(`{"type":"leave","x":"${'x'.repeat(200_000)}"}`)).toThrow(/at most/);
});

test('ICE servers are STUN or TURN addresses, nothing else', () => {
  expect(parseIceServers('[{"urls":["turn:10.0.0.1:3478"],"username":"u","credential":"c"}]')).toHaveLength(
    1,
  );
  expect(() => parseIceServers('[{"urls":"https://localhost"}]')).toThrow(ProtocolError);
});

test('a list of as many ICE servers as a server may be given is still taken with a TURN server beside them', () => {
  const list = (count: number) => Array.from({ length: count }, (_, n) => ({ urls: `stun:s${n}.example` }));
  const most = [...Array(20).keys()].findLast((count) => {
    try {
      return parseIceServers(JSON.stringify(list(count))).length === count;
    } catch {
      return false;
    }
  });
  expect(most).toBeGreaterThan(10);
  const iceServers = list((most ?? 0) + 1);
  const welcome = { type: 'welcome', leader: '00112233aabbccdd', peers: [], iceServers };
  expect(parseFromServer(JSON.stringify(welcome))).toEqual(welcome);
});

test('whatever arrives, nothing but a ProtocolError is thrown', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      for (const parse of [parseToServer, parseFromServer, parseIceServers]) {
        try {
          parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }
    }),
  );
});
