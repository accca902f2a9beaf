import { messageOf, type PotluckError } from '../errors.ts';
import type { Clock } from '../mesh/clock.ts';
import type { SessionEvent } from '../session/events.ts';

/** What goes wrong here is told to the person; the session goes on. */
export function guard(work: () => void, emit: (event: SessionEvent) => void, clock: Clock): void {
  try {
    work();
  } catch (error) {
    const step = (error as Partial<PotluckError>).data?.step;
    const message = step ? `Could not ${step}: ${messageOf(error)}` : messageOf(error);
    emit({ type: 'NoticeRaised', tone: 'warn', message, at: clock.now() });
  }
}
