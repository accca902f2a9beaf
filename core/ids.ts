/** Branded identifiers: plain strings at run time, kept apart by the compiler. */

type Brand<T, Name extends string> = T & { readonly __brand: Name };

/** One browser tab or Node process in a room: 16 lower-case hex digits, kept over a reload. */
export type PeerId = Brand<string, 'PeerId'>;

/** The public name of a room, such as `maple-otter-7`: two words and a digit, in the path of its link. */
export type RoomId = Brand<string, 'RoomId'>;

/**
 * Rises with every plan and every change of leader, and no two leaders ever give the same one; frames of an older epoch
 * are dropped. A whole number below 2^53: see `runtime/term.ts` for its parts.
 */
export type Epoch = Brand<number, 'Epoch'>;

/** Numbered by the peer that asks; unique together with that peer. An unsigned 32-bit integer. */
export type RequestId = Brand<number, 'RequestId'>;

/** A SHA-256 as 64 lower-case hex digits: the name of bytes that everybody can check. */
export type Sha256 = Brand<string, 'Sha256'>;

const PEER_ID = /^[0-9a-f]{16}$/;
const ROOM_ID = /^[a-z0-9]{2,16}(-[a-z0-9]{1,16}){1,3}$/;

const SHA256 = /^[0-9a-f]{64}$/;

/** True when foreign text has the form of a {@link Sha256}. */
export function isSha256(text: string): text is Sha256 {
  return SHA256.test(text);
}

/** True when foreign text has the form of a {@link PeerId}. */
export function isPeerId(text: string): text is PeerId {
  return PEER_ID.test(text);
}

/** True when foreign text has the form of a {@link RoomId}. */
export function isRoomId(text: string): text is RoomId {
  return ROOM_ID.test(text);
}

/** Takes 8 random bytes, so that randomness stays with the caller. */
export function peerIdFrom(random: Uint8Array): PeerId {
  if (random.length !== 8) throw new RangeError(`a peer id needs 8 random bytes, got ${random.length}`);
  return Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('') as PeerId;
}
