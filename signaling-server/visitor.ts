import { createHash, timingSafeEqual } from 'node:crypto';
import type { FromServer, RefusalReason } from '../core/protocol/signaling.ts';

/** One connection, as the rooms see it. */
export interface Visitor {
  send(message: FromServer): void;
  /** Ends the connection after what was sent. */
  close(): void;
}

const WHY: Record<RefusalReason, string> = {
  'wrong-secret': 'The link is not complete or is for another room. Ask for it again, or scan the QR code.',
  'no-such-room': 'This room is not open. Whoever opened it may have closed it, or the server was restarted.',
  'room-full': 'The room is full.',
  'room-taken': 'A room with this name is already open. Open a new one.',
  denied: 'The leader did not let this device in.',
  replaced: 'This device entered the room again from another page.',
  protocol: 'The server could not understand this page. Reload it; it may be of another version.',
  'too-many': 'Too many at once. Try again in a minute.',
  unavailable: 'The servers of this page cannot reach each other. Try again in a moment.',
};

/** The last words to a visitor. */
export function refuse(visitor: Visitor, reason: RefusalReason): void {
  visitor.send({ type: 'refused', reason, message: WHY[reason] });
  visitor.close();
}

/** Compares without telling by its time how much was right. */
export function sameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
