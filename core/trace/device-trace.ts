import type { PeerId } from '../ids.ts';
import type { Span } from './span.ts';

/** What one device noted, on the clock of the device that asked. */
export interface DeviceTrace {
  readonly peer: PeerId;
  readonly spans: readonly Span[];
  /** By how much its times may be off; 0 for the device that asked, null where its clock is not known. */
  readonly clockErrorMs: number | null;
  /** How far its own clock is ahead. */
  readonly clockAheadMs: number;
}

/** Moves spans to a clock that is so much behind. */
export function onOurClock(spans: readonly Span[], aheadMs: number): Span[] {
  return spans.map((span) => ({ ...span, start: span.start - aheadMs, end: span.end - aheadMs }));
}
