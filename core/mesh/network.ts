import type { PeerId } from '../ids.ts';
import type { ControlMessage } from '../protocol/messages.ts';
import type { ClockOffset } from './peer-clock.ts';
import type { WaySample } from './way-fit.ts';

/** Kinds of binary message; control messages travel as JSON beside them. */
export type BinaryKind = 'activation' | 'shard';

export interface LinkStats {
  /** `turn`: a direct wire, by way of a TURN server. */
  readonly kind: 'connecting' | 'direct' | 'turn' | 'relayed' | 'memory';
  /** Smoothed round trip of heartbeats, null before the first: both pages' other work is in it. */
  readonly rttMs: number | null;
  /**
   * What a message takes from `send` here until it is whole there: `delayMs + bytes * 8 / (mbitPerSec * 1000)`, as
   * probes and the traffic tell; null before the first measurement.
   */
  readonly delayMs: number | null;
  readonly mbitPerSec: number | null;
  /** The same of messages that follow each other, by the largest probes; null where only small ones were sent. */
  readonly steadyMbitPerSec: number | null;
  /** How the other side's clock stands to ours; null before the first echo. */
  readonly clock: ClockOffset | null;
  /** When the other side was last heard, by the clock. */
  readonly heardAt: number;
  /** When activations or weights last passed, by the clock; -Infinity before. */
  readonly usedAt: number;
  /** The same of the other side's probes. */
  readonly probedAt: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface NetworkListener {
  /** A usable link exists (first time, or after a loss). */
  peerUp(peer: PeerId): void;
  /** No way to the peer is left, or it said goodbye. */
  peerDown(peer: PeerId, reason: string): void;
  linkChanged(peer: PeerId, stats: LinkStats): void;
  control(peer: PeerId, message: ControlMessage): void;
  /**
   * A whole assembled message; the callee owns the bytes, whose offset in their buffer is a multiple of 8.
   * @throws ProtocolError when they are not what they should be: the peer is shown out.
   */
  binary(peer: PeerId, kind: BinaryKind, bytes: Uint8Array<ArrayBuffer>): void;
}

/**
 * All links of one peer, as leader and followers see them. Implemented by Mesh; in tests the same Mesh
 * runs over memory wires.
 */
export interface Network {
  readonly me: PeerId;
  /** Peers with a usable link now. */
  peers(): readonly PeerId[];
  listen(listener: NetworkListener): void;
  /** Small JSON message, reliable, in order among control messages. Silently dropped when no link is left (peerDown tells). */
  sendControl(to: PeerId, message: ControlMessage): void;
  /**
   * Sends one message made of `parts` laid end to end, sliced, waiting while too much is buffered.
   * Resolves when the last slice was handed to the wire; parts must not change before.
   * @throws LinkClosedError when the link closes first; the signal's reason on abort.
   */
  send(
    to: PeerId,
    kind: BinaryKind,
    parts: readonly Uint8Array<ArrayBuffer>[],
    options?: { signal?: AbortSignal },
  ): Promise<void>;
  /**
   * Sends `bytes` of filler as an activation is sent: the milliseconds until it was whole there. At rest only.
   * @throws LinkClosedError, also when the way changes meanwhile.
   */
  probe(to: PeerId, bytes: number): Promise<number>;
  /** Probes of several sizes at rest, from which `delayMs` and `mbitPerSec` follow until the traffic corrects them. */
  calibrate(to: PeerId, samples: readonly WaySample[]): void;
  stats(peer: PeerId): LinkStats | undefined;
  /** Says goodbye to everybody and closes. */
  close(reason: string): void;
}
