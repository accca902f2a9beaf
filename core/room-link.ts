import { isRoomId, type RoomId } from './ids.ts';

/** 128 random bits, the least that nobody can guess. */
const SECRET_BYTES = 16;
const SECRET = /^[A-Za-z0-9_-]{22,64}$/;

const FIRST = [
  'amber',
  'apple',
  'birch',
  'bright',
  'calm',
  'cedar',
  'clear',
  'clover',
  'coral',
  'cosy',
  'early',
  'fern',
  'gentle',
  'golden',
  'hazel',
  'honey',
  'indigo',
  'ivy',
  'juniper',
  'kind',
  'lemon',
  'linen',
  'lucky',
  'maple',
  'mellow',
  'merry',
  'mint',
  'misty',
  'olive',
  'opal',
  'peach',
  'pearl',
  'pine',
  'plum',
  'quiet',
  'rosy',
  'saffron',
  'silver',
  'sunny',
  'tidy',
  'velvet',
  'violet',
  'warm',
  'willow',
];
const SECOND = [
  'badger',
  'beaver',
  'bee',
  'crane',
  'deer',
  'dove',
  'falcon',
  'finch',
  'fox',
  'gecko',
  'goose',
  'hare',
  'heron',
  'ibis',
  'jay',
  'koala',
  'lark',
  'lemur',
  'lynx',
  'marten',
  'mole',
  'newt',
  'otter',
  'owl',
  'panda',
  'puffin',
  'quail',
  'rabbit',
  'raven',
  'robin',
  'seal',
  'shrew',
  'sparrow',
  'stork',
  'swan',
  'swift',
  'tern',
  'toad',
  'trout',
  'turtle',
  'vole',
  'whale',
  'wombat',
  'wren',
];

export interface RoomLink {
  readonly room: RoomId;
  /** Base64url; stays in the fragment, which browsers never send. */
  readonly secret: string;
}

/** Reads a page address: a link to a room, a link that lost its secret, or no link. */
export function readRoomLink(address: URL): RoomLink | 'incomplete' | undefined {
  const room = /^\/r\/([^/]+)\/?$/.exec(address.pathname)?.[1];
  if (room === undefined) return undefined;
  const secret = address.hash.slice(1);
  return isRoomId(room) && SECRET.test(secret) ? { room, secret } : 'incomplete';
}

/** Draws a new room: a name to read aloud and a secret. */
export function drawRoomLink(random: (bytes: number) => Uint8Array<ArrayBuffer>): RoomLink {
  const [a = 0, b = 0, c = 0] = random(3);
  const room = `${FIRST[a % FIRST.length]}-${SECOND[b % SECOND.length]}-${10 + (c % 90)}` as RoomId;
  return { room, secret: base64url(random(SECRET_BYTES)) };
}

/** The address that others open. Keeps the query away: it is for this device only. */
export function addressOf(link: RoomLink, origin: string): string {
  return `${origin}/r/${link.room}#${link.secret}`;
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
