import { expect, test } from 'vitest';
import { logText } from './log-text.ts';

const at = (hours: number, minutes: number, seconds: number): number =>
  new Date(2026, 0, 1, hours, minutes, seconds).getTime();

test('the log as text reads from the first line to the last, each with its time', () => {
  const log = [
    { id: 2, at: at(14, 3, 24), peer: null, what: 'Answers come again.', more: '', tone: 'good' as const },
    { id: 1, at: at(14, 3, 2), peer: null, what: 'Phone left.', more: 'It closed.', tone: 'warn' as const },
  ];
  expect(logText(log)).toBe('14:03:02 Phone left. It closed.\n14:03:24 Answers come again.');
});
