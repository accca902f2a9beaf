import type { ControlMessage } from './messages.ts';
import { LARGEST_AMOUNT } from './parse-basics.ts';

/**
 * A control message as text. JSON has no words for an infinite rate or the share of nothing: it writes null, for which
 * the other side would show this page out. Such a number goes as the largest, or as 0.
 */
export function controlText(message: ControlMessage): string {
  return JSON.stringify(message, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? (value > 0 ? LARGEST_AMOUNT : 0) : value,
  );
}
