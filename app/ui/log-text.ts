import type { LogEntry } from '../../core/session/state.ts';
import { clock } from './format.ts';

/** The log as plain text, oldest first, a line each: "14:03:22 Phone left. Its page was closed." */
export function logText(log: readonly LogEntry[]): string {
  return log
    .toReversed()
    .map(({ at, what, more }) => `${clock(at)} ${[what, more].filter((words) => words !== '').join(' ')}`)
    .join('\n');
}
