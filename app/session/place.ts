import { addressOf, drawRoomLink, type RoomLink, readRoomLink } from '../../core/room-link.ts';
import { forget, type Identity, newLeader, returningOrNew } from './identity.ts';

/** Where this tab is and who it is there. */
export interface Place {
  readonly link: RoomLink;
  /** The address others open. */
  readonly address: string;
  readonly identity: Identity;
  /** The room is made now, by this page. */
  readonly isNew: boolean;
}

/**
 * Reads the page's address: a room link joins (or comes back), the bare address opens a new room and becomes
 * its link. Undefined when the link has lost a part.
 */
export async function takePlace(): Promise<Place | undefined> {
  const found = readRoomLink(new URL(location.href));
  if (found === 'incomplete') return undefined;
  const origin = await originForOthers();
  if (found)
    return {
      link: found,
      address: addressOf(found, origin),
      identity: await returningOrNew(found.room),
      isNew: false,
    };
  const place = await newPlace(origin);
  const { room, secret } = place.link;
  // The query (provider, threads) is this device's own; it stays in this tab's address only.
  history.replaceState(null, '', `/r/${room}${location.search}#${secret}`);
  return place;
}

/** A room that is made now; `origin` as {@link originForOthers} gives it. */
export async function newPlace(origin: string): Promise<Place> {
  const link = drawRoomLink((bytes) => crypto.getRandomValues(new Uint8Array(bytes)));
  return { link, address: addressOf(link, origin), identity: await newLeader(link.room), isNew: true };
}

/** A link to localhost is of no use on a phone: the server knows the addresses that are. */
export async function originForOthers(): Promise<string> {
  if (!/^(localhost|127\.|\[::1\])/.test(location.hostname) || location.protocol !== 'https:')
    return location.origin;
  try {
    const response = await fetch('/addresses.json');
    const urls: unknown = response.ok ? await response.json() : [];
    const [first] = Array.isArray(urls) ? urls : [];
    return typeof first === 'string' ? new URL(first).origin : location.origin;
  } catch {
    // Served by something else than our server: the address in use is all that is known.
    return location.origin;
  }
}

/** The next visit from this tab is somebody new. */
export function leavePlace(place: Place): void {
  forget(place.link.room);
}

/** The opener's wish to be asked before a device joins, kept over a reload. */
export function asksFirst({ link, identity }: Place): boolean {
  return identity.leads && sessionStorage.getItem(askSlot(link)) === 'yes';
}

export function keepAskFirst({ link }: Place, value: boolean): void {
  sessionStorage.setItem(askSlot(link), value ? 'yes' : 'no');
}

function askSlot({ room }: RoomLink): string {
  return `potluck:ask-first:${room}`;
}
