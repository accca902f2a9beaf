import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StopStrings } from './stop-strings.ts';

test('shows text up to the first stop string, and nothing of one that comes in pieces', () => {
  const stops = new StopStrings(['\nUser:', '###']);
  expect(stops.push('Hello\nUs')).toEqual({ text: 'Hello', stopped: false });
  expect(stops.push('ing it #')).toEqual({ text: '\nUsing it ', stopped: false });
  expect(stops.push('## more')).toEqual({ text: '', stopped: true });
  expect(stops.push('and more')).toEqual({ text: '', stopped: true });
  expect(stops.end()).toBe('');
});

test('gives what was held back when the text ends otherwise', () => {
  const stops = new StopStrings(['END', '']);
  expect(stops.push('the EN')).toEqual({ text: 'the ', stopped: false });
  expect(stops.end()).toBe('EN');
});

test('however a text is cut into pieces, the same is shown', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
  const stop = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 8 }), fc.array(stop, { maxLength: 3 }), (pieces, stops) => {
      const shown = (parts: readonly string[]): string => {
        const one = new StopStrings(stops);
        return parts.map((part) => one.push(part).text).join('') + one.end();
      };
      const whole = pieces.join('');
      expect(shown(pieces)).toBe(shown([...whole]));
      expect(whole.startsWith(shown(pieces))).toBe(true);
      if (!stops.some((each) => whole.includes(each))) expect(shown(pieces)).toBe(whole);
    }),
    { seed: 4, numRuns: 500 },
  );
});
