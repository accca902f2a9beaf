import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../errors.ts';
import { EXAMPLES, me } from './control-examples.ts';
import type { ControlMessage } from './messages.ts';
import { parseControl } from './parse.ts';
import { controlText } from './write-control.ts';

test.each(Object.values(EXAMPLES))('$type comes back as it went', (message) => {
  expect(parseControl(JSON.stringify(message))).toEqual(message);
});

/** Every path to a value inside a message. */
function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  return [[...path], ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((v, i) => (String(i) === key ? replaced(v, rest, by) : v));
  return { ...(value as object), [key]: replaced((value as Record<string, unknown>)[key], rest, by) };
}

test('every single field of every message is checked', () => {
  const accepted: string[] = [];
  for (const message of Object.values(EXAMPLES)) {
    for (const path of pathsOf(message)) {
      const wrong = replaced(message, path, { never: 'right' });
      try {
        parseControl(JSON.stringify(wrong));
        accepted.push(`${message.type}: ${path.join('.')}`);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }
  }
  expect(accepted).toEqual([]);
});

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce((inner, key) => (inner as Record<string, unknown>)[key], value);
}

test('no measured number of an honest page shows it out, however odd: not infinite ones nor those that are none', () => {
  let measured = 0;
  for (const message of Object.values(EXAMPLES)) {
    for (const path of pathsOf(message)) {
      // How a picture is prepared is told by the model, not measured; a trace with wrong times is refused.
      const isMeasured = !path.includes('preprocess') && !path.includes('rows');
      if (typeof valueAt(message, path) !== 'number' || !isMeasured) continue;
      const having = (by: number): ControlMessage => replaced(message, path, by) as ControlMessage;
      try {
        parseControl(JSON.stringify(having(0.123)));
      } catch {
        // A number of something, which is counted and not measured.
        continue;
      }
      measured += 1;
      for (const odd of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, Number.MAX_VALUE]) {
        const heard = valueAt(parseControl(controlText(having(odd))), path);
        expect(heard).toBeGreaterThanOrEqual(0);
        expect(heard).toBeLessThanOrEqual(1e15);
      }
    }
  }
  expect(measured).toBeGreaterThan(30);
});

test('a link is never so slow that dividing by its rate gives no number', () => {
  const links = [{ peer: me, rttMs: 1, delayMs: 1, mbitPerSec: 0, steadyMbitPerSec: 0 }];
  const heard = parseControl(JSON.stringify({ type: 'links', links }));
  expect(heard.type === 'links' && heard.links[0]?.mbitPerSec).toBeGreaterThan(0);
  expect(heard.type === 'links' && heard.links[0]?.steadyMbitPerSec).toBeGreaterThan(0);
});

test.each([
  ['no JSON', 'peer gone'],
  ['no object', '"card"'],
  ['null', 'null'],
  ['an unknown type', '{"type":"constructor"}'],
  [
    'a peer id that is none',
    JSON.stringify({ type: 'links', links: [{ peer: 'me', rttMs: 1, mbitPerSec: 1 }] }),
  ],
  [
    'a delay below 0',
    JSON.stringify({ type: 'links', links: [{ peer: me, rttMs: 1, delayMs: -1, mbitPerSec: 1 }] }),
  ],
  ['a negative epoch', JSON.stringify({ type: 'stage-ready', epoch: -1, stage: 0 })],
  ['a list over its limit', JSON.stringify({ ...EXAMPLES['load-stage'], holders: Array(65).fill([]) })],
  ['a megabyte of text', JSON.stringify({ type: 'goodbye', reason: 'x'.repeat(2 ** 20) })],
])('%s is refused', (_, text) => {
  expect(() => parseControl(text)).toThrow(ProtocolError);
});

test('the error names the place, what was expected and what was found', () => {
  const text = JSON.stringify({ type: 'stage-ready', epoch: 'three', stage: 0 });
  expect(() => parseControl(text)).toThrow(
    expect.objectContaining({
      data: { step: 'read a control message', expected: 'stage-ready.epoch: number', actual: '"three"' },
    }),
  );
});

test('a long reason is cut, not refused, so that it cannot hide a failure', () => {
  const parsed = parseControl(JSON.stringify({ ...EXAMPLES['stage-failed'], message: 'x'.repeat(9000) }));
  expect(parsed.type === 'stage-failed' && parsed.message.length).toBe(2000);
});

test('foreign JSON never throws anything but ProtocolError', () => {
  const value = fc.oneof(
    fc.json(),
    fc
      .tuple(fc.constantFrom(...Object.keys(EXAMPLES)), fc.dictionary(fc.string(), fc.jsonValue()))
      .map(([type, rest]) => JSON.stringify({ ...rest, type })),
    fc.string(),
  );
  fc.assert(
    fc.property(value, (text) => {
      try {
        parseControl(text);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
  );
});
