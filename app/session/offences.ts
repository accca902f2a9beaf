import type { PotluckError } from '../../core/errors.ts';
import type { PeerId } from '../../core/ids.ts';
import type { SessionEvent } from '../../core/session/events.ts';
import type { SessionState } from '../../core/session/state.ts';

/** What was told of each device: the same again is no news. */
const told = new Set<string>();
/** Foreign words in a sentence for people. */
const WORDS = 120;
/** Devices come and go, and each has few ways to err. */
const MOST_TOLD = 200;

/** The notice that a device was shown out, and what for; undefined when that was told before. */
export function offenceNotice(
  devices: SessionState['devices'],
  peer: PeerId,
  error: Error,
  at: number,
): SessionEvent | undefined {
  const { step = 'talk to it', expected = '', actual = '' } = (error as Partial<PotluckError>).data ?? {};
  const key = `${peer} ${step}`;
  if (told.has(key) || told.size >= MOST_TOLD) return undefined;
  told.add(key);
  const name = devices.find(({ card }) => card.peer === peer)?.card.name ?? 'A device';
  const found = expected && ` (${step}: expected ${cut(expected)}, got ${cut(actual) || 'something else'})`;
  const message = `${name} broke the protocol and was disconnected${found}. Its page may be of another version: reload it there.`;
  return { type: 'NoticeRaised', tone: 'warn', message, at };
}

function cut(text: string): string {
  return text.length > WORDS ? `${text.slice(0, WORDS)}…` : text;
}
