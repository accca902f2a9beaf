import * as v from 'valibot';
import { ProtocolError } from '../errors.ts';
import { isPeerId, isRoomId, type PeerId, type RoomId } from '../ids.ts';
import type { FromServer, IceServer, ToServer } from './signaling.ts';

/** Of one text frame: an SDP with hundreds of candidates stays far below, even sealed and in base64. */
const MAX_SIGNALING_TEXT = 128 * 1024;

/** A schema whose result is checked against our own type, so that the two cannot drift apart. */
type SchemaOf<T> = v.GenericSchema<unknown, T>;

const peer: SchemaOf<PeerId> = v.custom<PeerId>((id) => typeof id === 'string' && isPeerId(id), 'a peer id');
const room: SchemaOf<RoomId> = v.custom<RoomId>((id) => typeof id === 'string' && isRoomId(id), 'a room id');
const base64url = (least: number, most: number): SchemaOf<string> =>
  v.pipe(v.string(), v.minLength(least), v.maxLength(most), v.regex(/^[A-Za-z0-9_-]*$/));
/** 256 bits. */
const proof = base64url(43, 43);
/** At least 64 random bits in hexadecimal, at most 512 bits. */
const key = base64url(16, 128);
/** A name and what the device is. */
const card = base64url(0, 4096);
const term = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const sealed = base64url(1, MAX_SIGNALING_TEXT);

const url = v.pipe(v.string(), v.maxLength(512), v.regex(/^(stun|turn)s?:\S+$/));
const iceServer: SchemaOf<IceServer> = v.object({
  urls: v.union([url, v.pipe(v.array(url), v.maxLength(8))]),
  username: v.exactOptional(v.pipe(v.string(), v.maxLength(512))),
  credential: v.exactOptional(v.pipe(v.string(), v.maxLength(512))),
});
const MOST_ICE_SERVERS = 15;
const givenIceServers: SchemaOf<IceServer[]> = v.pipe(v.array(iceServer), v.maxLength(MOST_ICE_SERVERS));
/** With the TURN server for which each member has credentials of its own. */
const iceServers: SchemaOf<IceServer[]> = v.pipe(v.array(iceServer), v.maxLength(MOST_ICE_SERVERS + 1));

const toServer: SchemaOf<ToServer> = v.variant('type', [
  v.object({ type: v.literal('open'), room, peer, key, proof, askFirst: v.boolean() }),
  v.object({ type: v.literal('join'), room, peer, key, proof, card }),
  v.object({ type: v.picklist(['admit', 'deny']), peer }),
  v.object({ type: v.literal('ask-first'), value: v.boolean() }),
  v.object({ type: v.literal('lead'), term }),
  v.object({ type: v.literal('yield') }),
  v.object({ type: v.literal('signal'), to: peer, sealed }),
  v.object({ type: v.literal('leave') }),
  v.object({ type: v.literal('ping') }),
]);

const reason = v.picklist([
  'wrong-secret',
  'no-such-room',
  'room-full',
  'room-taken',
  'denied',
  'replaced',
  'protocol',
  'too-many',
  'unavailable',
]);

const fromServer: SchemaOf<FromServer> = v.variant('type', [
  // A room has at most 32 members; twice that leaves room to grow.
  v.object({
    type: v.literal('welcome'),
    leader: peer,
    peers: v.pipe(v.array(peer), v.maxLength(64)),
    iceServers,
  }),
  v.object({ type: v.literal('ice-servers'), iceServers }),
  v.object({ type: v.literal('wait') }),
  v.object({ type: v.literal('refused'), reason, message: v.pipe(v.string(), v.maxLength(1000)) }),
  v.object({ type: v.literal('leading'), askFirst: v.boolean() }),
  v.object({ type: v.literal('knock'), peer, card }),
  v.object({ type: v.literal('knock-gone'), peer }),
  v.object({ type: v.literal('peer-joined'), peer }),
  v.object({ type: v.literal('peer-left'), peer, why: v.picklist(['gone', 'away']) }),
  v.object({ type: v.literal('signal'), from: peer, sealed }),
  v.object({ type: v.literal('pong') }),
]);

/** The server's door. @throws ProtocolError that quotes no values: they may be secrets. */
export function parseToServer(text: string): ToServer {
  return parse(toServer, text, 'read a message to the signaling server');
}

/** The page's door for what the server says. @throws ProtocolError. */
export function parseFromServer(text: string): FromServer {
  return parse(fromServer, text, 'read a message of the signaling server');
}

/** A list of ICE servers as `RTCPeerConnection` takes it. @throws ProtocolError. */
export function parseIceServers(text: string): IceServer[] {
  return parse(givenIceServers, text, 'read the list of ICE servers');
}

function parse<T>(schema: SchemaOf<T>, text: string, step: string): T {
  if (text.length > MAX_SIGNALING_TEXT) {
    throw refused(step, `at most ${MAX_SIGNALING_TEXT} characters`, `${text.length}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without the cause: its message quotes the text.
    throw refused(step, 'JSON', `${text.length} characters that are not`);
  }
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue);
  throw refused(step, where ? `a valid "${where}"` : 'a known message', 'something else');
}

function refused(step: string, expected: string, actual: string): ProtocolError {
  return new ProtocolError(`Could not ${step}: expected ${expected}, got ${actual}.`, {
    step,
    expected,
    actual,
  });
}
