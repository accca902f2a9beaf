import type { IceServer } from '../protocol/signaling.ts';
import type { Wire } from './wire.ts';

/** What comes out of an attempt. Nothing follows `failed`; after `connected` the wire speaks for itself. */
export interface DialListener {
  /** JSON text of an offer, an answer or an ICE candidate, for the other side's `Dialling.signal`. */
  signal(text: string): void;
  connected(wire: Wire): void;
  failed(reason: string): void;
}

/** One attempt under way. */
export interface Dialling {
  /** What the other side's attempt said. Foreign text; nonsense makes the attempt fail, never throw. */
  signal(text: string): void;
  /** Gives up, quietly; closes the wire if there is one. */
  abandon(): void;
}

/** Starts one attempt at a direct connection. One side is the initiator. The product's is `simplePeerDial`. */
export type Dial = (
  options: { readonly initiator: boolean; readonly iceServers: readonly IceServer[] },
  listener: DialListener,
) => Dialling;
