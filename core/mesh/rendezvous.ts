import type { PeerId } from '../ids.ts';
import type { IceServer } from '../protocol/signaling.ts';

export interface RendezvousListener {
  /** This device is inside. Comes again after every reconnection; `peers` is everybody else, in order of joining. */
  welcome(peers: readonly PeerId[], iceServers: readonly IceServer[]): void;
  /** For links that are made from now on, in place of those of the welcome. */
  iceServers(servers: readonly IceServer[]): void;
  /** Somebody came, or came back; it may be a page that was here before. */
  peerJoined(peer: PeerId): void;
  /** `away`: its connection to the server broke just now, so relay packets to it are lost. `gone`: it left. */
  peerLeft(peer: PeerId, why: 'gone' | 'away'): void;
  /** Text as the sender gave it, already unsealed. Foreign: the receiver parses it. */
  signal(from: PeerId, text: string): void;
  /** One relay packet, already unsealed; the callee owns the bytes. In order per sender. */
  relay(from: PeerId, bytes: Uint8Array<ArrayBuffer>): void;
  /** The connection to the server broke: relay packets on their way may be lost. `welcome` follows if it comes back. */
  lost(): void;
}

/**
 * The meeting point through which peers find each other and, without a direct way, exchange packets. The
 * product's is the signaling client; the twin for tests is `memory-rendezvous.ts`.
 */
export interface Rendezvous {
  /** Exactly one listener; a `welcome` that came earlier is delivered at once. */
  listen(listener: RendezvousListener): void;
  /** Dropped silently while there is no connection: after `welcome` the mesh says again what matters. */
  signal(to: PeerId, text: string): void;
  /** Sends one packet through the server. The bytes may be reused as soon as this returns. Dropped like signals. */
  relay(to: PeerId, bytes: Uint8Array<ArrayBuffer>): void;
  /** Bytes handed to `relay`, for any peer, that have not left this device yet. */
  relayBufferedBytes(): number;
}
