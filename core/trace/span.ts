import type { PeerId } from '../ids.ts';

/** What a device notes of its work, the index in this list is the code on the wire. */
export const SPAN_KINDS = [
  /** A request of this page, from being asked until its answer. */
  'request',
  /** An item in the inbox of a stage. */
  'wait',
  /** One run of a stage. */
  'run',
  /** A further request that the run at the same moment was for. */
  'shared',
  /** A frame on its way into a link, until the link has taken it. */
  'send',
  /** A frame, from being whole until it was handed on. */
  'receive',
  /** The parts of a stage on their way to this device. */
  'gather',
  /** A stage into a worker, warmed up. */
  'load',
  /** The planner at work. */
  'plan',
  /** From here on moments: a request entered once more. */
  'again',
  'failed',
  'plan-runs',
  'leader',
  'peer-up',
  'peer-lost',
] as const;

export type SpanKind = (typeof SPAN_KINDS)[number];

/** True for what has no duration. */
export function isMoment(kind: SpanKind): boolean {
  return SPAN_KINDS.indexOf(kind) >= SPAN_KINDS.indexOf('again');
}

/** One thing that a device did, or that happened to it: times, names and sizes, never values. */
export interface Span {
  readonly kind: SpanKind;
  /** By the device's own clock, in ms since the epoch. */
  readonly start: number;
  readonly end: number;
  readonly epoch?: number;
  readonly stage?: number;
  /** The page that asked, and its number for the request. */
  readonly origin?: PeerId;
  readonly request?: number;
  readonly sequence?: number;
  /** The other end of a link, or the device that a moment is about. */
  readonly peer?: PeerId;
  /** Bytes of a frame or of a stage's parts; ms of arithmetic of a run. */
  readonly amount?: number;
  /** The provider of a run, the reason of a loss. */
  readonly note?: string;
}
