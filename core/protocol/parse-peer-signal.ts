import * as v from 'valibot';
import { ProtocolError } from '../errors.ts';

/**
 * What two peers say to each other through the signaling server, sealed, before and beside their link. The
 * peer with the smaller id calls; it alone begins sessions and attempts, so that two cannot cross.
 */
export type PeerSignal =
  /**
   * Caller: our link is the one of this session. Repeated until the other side says hello to it; `greeted`
   * from then on: a link that was in use cannot be entered by one that begins, after a reload or a loss.
   */
  | { readonly type: 'session'; readonly session: number; readonly greeted: boolean }
  /** Callee: which page this is, and which session it knows; 0 asks for one. */
  | { readonly type: 'hello'; readonly page: number; readonly session: number }
  /** Offer, answer or ICE candidate (JSON text) of one attempt at a direct connection. */
  | { readonly type: 'rtc'; readonly session: number; readonly attempt: number; readonly data: string }
  /** Leaves for good; for the case that the link can no longer carry its goodbye. */
  | { readonly type: 'bye'; readonly session: number; readonly reason: string };

const u32 = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(0xffff_ffff));
/** Session descriptions with one data channel take 1 to 3 KB; many network interfaces add some. */
const MAX_DATA = 32 * 1024;
const MAX_TEXT = 2 * MAX_DATA;

const peerSignal: v.GenericSchema<unknown, PeerSignal> = v.variant('type', [
  v.object({ type: v.literal('session'), session: v.pipe(u32, v.minValue(1)), greeted: v.boolean() }),
  v.object({ type: v.literal('hello'), page: u32, session: u32 }),
  v.object({
    type: v.literal('rtc'),
    session: u32,
    attempt: u32,
    data: v.pipe(v.string(), v.maxLength(MAX_DATA)),
  }),
  v.object({
    type: v.literal('bye'),
    session: u32,
    reason: v.pipe(
      v.string(),
      v.transform((text) => text.slice(0, 200)),
    ),
  }),
]);

/** The only door for what peers say through the server. @throws ProtocolError */
export function parsePeerSignal(text: string): PeerSignal {
  if (text.length > MAX_TEXT) throw refused(`at most ${MAX_TEXT} characters`, `${text.length}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refused('JSON', `"${text.slice(0, 40)}"`, cause);
  }
  const result = v.safeParse(peerSignal, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const expected = `${v.getDotPath(issue) ?? 'signal'}: ${issue.expected ?? issue.message}`;
  throw refused(expected.slice(0, 200), issue.received.slice(0, 200));
}

function refused(expected: string, actual: string, cause?: unknown): ProtocolError {
  return new ProtocolError(
    `A signal is malformed: expected ${expected}, got ${actual}.`,
    { step: 'read a signal', expected, actual },
    { cause },
  );
}
