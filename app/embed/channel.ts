import type {
  Device,
  LogLine,
  Plan,
  PotluckErrorDetails,
  RoomState,
  Written,
} from '../../public/potluck.d.ts';

/**
 * What the frame says to the module that made it. Not comlink: that lets the other side reach any property of what is
 * offered, and an embedding site is foreign. What the site says is in `core/protocol/embed`.
 */
export type FromFrame =
  | { readonly type: 'result'; readonly call: number; readonly value: unknown }
  | { readonly type: 'error'; readonly call: number; readonly error: ToldError }
  /** Of a text that is being written. */
  | { readonly type: 'piece'; readonly call: number; readonly text: string }
  | { readonly type: 'news'; readonly news: News };

export interface ToldError extends PotluckErrorDetails {
  readonly message: string;
}

/** Only what changed; `log` has the new lines alone, oldest first. */
export interface News {
  readonly state?: RoomState;
  readonly devices?: readonly Device[];
  readonly plan?: Plan | null;
  readonly log?: readonly LogLine[];
}

/** What a run is answered with: tensors as bytes. */
export interface FrameAnswer {
  readonly outputs: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly dims: readonly number[];
    readonly data: Uint8Array<ArrayBuffer>;
  }[];
  readonly top: readonly { readonly index: number; readonly label: string; readonly probability: number }[];
  readonly latencyMs: number;
  readonly stages: readonly {
    readonly stage: number;
    readonly computeMs: number;
    readonly queueMs: number;
  }[];
}

/** What a written text is answered with; its pieces came before. */
export type FrameWritten = Omit<Written, 'text'>;

/** Raised with every change of either side's messages: a module that a site copied may be older than the server. */
export const CHANNEL_VERSION = 1;

/** The frame's first words, to its parent's window. */
export interface Hello {
  readonly potluck: 'frame';
  readonly version: number;
}

/** The parent's answer, with one port. */
export interface Connect {
  readonly potluck: 'connect';
}
