/**
 * Events of the Trace Event Format that Chrome, Perfetto and speedscope read:
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 * Times are microseconds from the trace's own beginning.
 */
export type ChromeEvent =
  /** Metadata: names and order of processes (devices) and threads (tracks). */
  | (Place & { readonly ph: 'M'; readonly name: string; readonly args: Args })
  /** Complete: with a duration. Those of one thread never overlap. */
  | (Place & {
      readonly ph: 'X';
      readonly name: string;
      readonly cat: string;
      readonly ts: number;
      readonly dur: number;
      readonly args: Args;
    })
  /** Instant, of a process or of the whole trace. */
  | (Place & {
      readonly ph: 'i';
      readonly name: string;
      readonly cat: string;
      readonly ts: number;
      readonly s: 'p' | 'g';
      readonly args: Args;
    })
  /** Flow: starts, steps and finishes in the complete event around its time. */
  | (Place & {
      readonly ph: 's' | 't' | 'f';
      readonly name: string;
      readonly cat: string;
      readonly ts: number;
      readonly id: number;
      /** Of `f`: the event around it, and not the next one. */
      readonly bp?: 'e';
    });

export type Args = Readonly<Record<string, string | number>>;

export interface Place {
  readonly pid: number;
  readonly tid: number;
}

/** A whole file. */
export interface ChromeTrace {
  readonly displayTimeUnit: 'ms';
  readonly otherData: {
    /** When the trace begins, in ms since the epoch, by the clock of the device that asked. */
    readonly startedAtMs: number;
    readonly devices: readonly {
      readonly name: string;
      readonly spans: number;
      /** How far its clock is ahead of that of the device that asked, and by how much that may be off; null: not known. */
      readonly clockAheadMs: number;
      readonly clockErrorMs: number | null;
    }[];
    /** Devices that did not answer in time. */
    readonly missing: readonly string[];
  };
  readonly traceEvents: readonly ChromeEvent[];
}
