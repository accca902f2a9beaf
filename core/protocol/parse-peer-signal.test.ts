import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../errors.ts';
import { type PeerSignal, parsePeerSignal } from './parse-peer-signal.ts';

const EXAMPLES: { readonly [T in PeerSignal['type']]: Extract<PeerSignal, { type: T }> } = {
  session: { type: 'session', session: 0xffff_ffff, greeted: false },
  hello: { type: 'hello', page: 7, session: 0 },
  rtc: { type: 'rtc', session: 1, attempt: 2, data: '{"type":"offer"}' },
  bye: { type: 'bye', session: 1, reason: 'left' },
};

test.each(Object.values(EXAMPLES))('$type comes back as it went', (signal) => {
  expect(parsePeerSignal(JSON.stringify(signal))).toEqual(signal);
});

test.each([
  ['no JSON', 'v=0'],
  ['an unknown type', '{"type":"offer"}'],
  ['session 0 from a caller', '{"type":"session","session":0,"greeted":false}'],
  ['a session over 32 bits', '{"type":"session","session":4294967296,"greeted":false}'],
  [
    'a description of 32 KiB and a byte',
    JSON.stringify({ ...EXAMPLES.rtc, data: 'x'.repeat(32 * 1024 + 1) }),
  ],
])('%s is refused', (_, text) => {
  expect(() => parsePeerSignal(text)).toThrow(ProtocolError);
});

test('foreign text never throws anything but ProtocolError', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      try {
        parsePeerSignal(text);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
  );
});
