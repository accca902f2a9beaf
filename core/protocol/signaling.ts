import type { PeerId, RoomId } from '../ids.ts';

/**
 * Messages between a page and the signaling server: JSON text frames. The server relays `sealed` texts
 * without being able to read them: they are encrypted with a key made from the room's secret, which
 * never leaves the URL fragment. Relay packets are binary frames: 8 bytes of peer id (recipient on the
 * way to the server, sender on the way from it), then the sealed packet.
 */

/** Base64url of 32 bytes derived from the secret; proves knowledge of it without telling it. */
export type DoorProof = string;

export type ToServer =
  /** Whoever leads: makes the room, or takes it back after a reload or a server restart. Where another leads, it joins. */
  | {
      readonly type: 'open';
      readonly room: RoomId;
      readonly peer: PeerId;
      readonly key: string;
      readonly proof: DoorProof;
      readonly askFirst: boolean;
    }
  /** Anyone else. `card` is the sealed name shown to the leader when it asks first. */
  | {
      readonly type: 'join';
      readonly room: RoomId;
      readonly peer: PeerId;
      readonly key: string;
      readonly proof: DoorProof;
      readonly card: string;
    }
  /** Leader only. */
  | { readonly type: 'admit' | 'deny'; readonly peer: PeerId }
  | { readonly type: 'ask-first'; readonly value: boolean }
  /** A member leads from now on: at once where the leader is away, else as soon as it is, or yields. */
  | { readonly type: 'lead'; readonly term: number }
  /** The leader: another one leads. */
  | { readonly type: 'yield' }
  /** SDP or ICE for one peer, sealed. */
  | { readonly type: 'signal'; readonly to: PeerId; readonly sealed: string }
  | { readonly type: 'leave' }
  /** A page cannot see the pings of its WebSocket, so it asks in words whether the server still hears it. */
  | { readonly type: 'ping' };

export type FromServer =
  /** Inside: the leader and everybody else who is. */
  | {
      readonly type: 'welcome';
      readonly leader: PeerId;
      readonly peers: readonly PeerId[];
      readonly iceServers: readonly IceServer[];
    }
  /** Inside: to be used for links from now on, in place of those of the welcome; the credentials are new. */
  | { readonly type: 'ice-servers'; readonly iceServers: readonly IceServer[] }
  /** Waiting for the leader's word. */
  | { readonly type: 'wait' }
  | { readonly type: 'refused'; readonly reason: RefusalReason; readonly message: string }
  /** To a member: the server takes it for the leader from now on. */
  | { readonly type: 'leading'; readonly askFirst: boolean }
  /** To the leader: somebody waits (`card` sealed). */
  | { readonly type: 'knock'; readonly peer: PeerId; readonly card: string }
  | { readonly type: 'knock-gone'; readonly peer: PeerId }
  | { readonly type: 'peer-joined'; readonly peer: PeerId }
  /** `gone`: it left or its grace time (see `rooms.ts`) ended. `away`: its socket closed just now. */
  | { readonly type: 'peer-left'; readonly peer: PeerId; readonly why: 'gone' | 'away' }
  | { readonly type: 'signal'; readonly from: PeerId; readonly sealed: string }
  | { readonly type: 'pong' };

export type RefusalReason =
  | 'wrong-secret'
  | 'no-such-room'
  | 'room-full'
  | 'room-taken'
  | 'denied'
  | 'replaced'
  | 'protocol'
  | 'too-many'
  /** The servers cannot reach each other now: the page tries again by itself. */
  | 'unavailable';

export interface IceServer {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
}
