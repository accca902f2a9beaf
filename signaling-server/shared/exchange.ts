import type { RoomId } from '../../core/ids.ts';

/** Bytes for another process. */
export interface Post {
  /** The {@link Exchange.name} of its connection. */
  readonly to: string;
  readonly bytes: Buffer;
}

/** What the processes agree on of a room: a text, and a tag that is another one after each change. */
export interface Stored {
  /** 16 hexadecimal digits: a count of changes, then chance. */
  readonly tag: string;
  readonly text: string;
}

/** How often the room was changed. */
export function countOf({ tag }: Stored): number {
  return Number.parseInt(tag.slice(0, 8), 16);
}

export interface Change {
  /** The tag of what it was; undefined: there was nothing. */
  readonly before: string | undefined;
  /** Undefined: there is nothing any more. */
  readonly after: Stored | undefined;
  /** Sent when the change was made, in the same moment. */
  readonly posts: readonly Post[];
}

/** `absent`: those of the posts that nobody is there for any more. `now`: what is there instead of `before`. */
export type Changed =
  | { readonly done: true; readonly absent: readonly string[] }
  | { readonly done: false; readonly now: Stored | undefined };

/**
 * What processes that share rooms have in common: a place for what they agree on, and a way to each other. This is one
 * connection to it, which ends at the first trouble; all methods reject from then on.
 */
export interface Exchange {
  /** Others reach this process by it, for as long as this connection lasts. */
  readonly name: string;
  /** Posts that are not on their way yet. */
  readonly pendingBytes: number;
  load(room: RoomId): Promise<Stored | undefined>;
  /** Changes what is agreed on if nobody else did meanwhile. */
  change(room: RoomId, change: Change): Promise<Changed>;
  /** What is agreed on of these rooms is not forgotten yet. Resolves to those of which it was nevertheless. */
  keep(rooms: readonly RoomId[]): Promise<readonly RoomId[]>;
  /** In the order of calls, after changes made before. False: nobody is there. */
  post(post: Post): Promise<boolean>;
  /** This process lives. Call about once a second; others take it for dead after 5 s without. */
  beat(): Promise<void>;
  /** Those of the names whose process no longer lives. */
  missing(names: readonly string[]): Promise<readonly string[]>;
  /** Ends the connection; others see at once that this process is gone. Never rejects. */
  close(): Promise<void>;
}

export interface ExchangeListener {
  /** From another process, in the order in which it sent. */
  posted(bytes: Buffer): void;
  /** The connection ended by itself; not called after {@link Exchange.close}. */
  lost(): void;
}

/** Rejects when there is no connection to be had now. */
export type OpenExchange = (name: string, listener: ExchangeListener) => Promise<Exchange>;

/** Longer than an empty room keeps its name (see `room.ts`); whoever has members in it says so more often. */
export const KEEP_MS: number = 15 * 60_000;

/** Without a sign of life for so long a process is taken for dead: its pages come back elsewhere meanwhile. */
export const DEAD_MS = 5000;
