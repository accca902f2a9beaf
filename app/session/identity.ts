import { isPeerId, type PeerId, peerIdFrom, type RoomId } from '../../core/ids.ts';

/** Who this tab is in a room. The key proves to the signaling server that it is the same tab as before. */
export interface Identity {
  readonly peer: PeerId;
  readonly key: string;
  readonly leads: boolean;
}

/** How long a reloading page waits for the page before it to let go of its identity. */
const HANDOVER_MS = 600;

/** Makes an identity for a tab that opens a room. */
export async function newLeader(room: RoomId): Promise<Identity> {
  const identity = draw(true);
  remember(room, identity);
  await claim(room, identity.peer);
  return identity;
}

/**
 * The identity of this tab in a room it has a link to: the one it had before a reload; else, in the browser
 * that opened the room, the leader's, if no other tab uses it; else a new one.
 */
export async function returningOrNew(room: RoomId): Promise<Identity> {
  for (const storage of [sessionStorage, localStorage]) {
    const known = read(storage.getItem(slot(room)));
    if (known && (await claim(room, known.peer))) {
      remember(room, known);
      return known;
    }
  }
  const identity = draw(false);
  remember(room, identity);
  await claim(room, identity.peer);
  return identity;
}

/** After leaving on purpose: the next visit is somebody new. */
export function forget(room: RoomId): void {
  const leads = read(sessionStorage.getItem(slot(room)))?.leads;
  sessionStorage.removeItem(slot(room));
  if (leads) localStorage.removeItem(slot(room));
}

function draw(leads: boolean): Identity {
  const random = crypto.getRandomValues(new Uint8Array(16));
  const key = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { peer: peerIdFrom(crypto.getRandomValues(new Uint8Array(8))), key, leads };
}

function remember(room: RoomId, identity: Identity): void {
  const text = JSON.stringify(identity);
  sessionStorage.setItem(slot(room), text);
  // Only the opener's identity outlives its tab: it is the one that the room cannot do without.
  if (identity.leads) localStorage.setItem(slot(room), text);
}

function read(text: string | null): Identity | undefined {
  if (text === null) return undefined;
  try {
    const { peer, key, leads } = JSON.parse(text) as Partial<Identity>;
    return typeof peer === 'string' && isPeerId(peer) && typeof key === 'string'
      ? { peer, key, leads: leads === true }
      : undefined;
  } catch {
    // Somebody else's or damaged storage counts as none.
    return undefined;
  }
}

function slot(room: RoomId): string {
  return `potluck:identity:${room}`;
}

/** A duplicated tab copies the storage but not the lock, so it becomes a device of its own. Held until the page ends. */
function claim(room: RoomId, peer: PeerId): Promise<boolean> {
  return new Promise((resolve) => {
    navigator.locks
      .request(`${slot(room)}:${peer}`, { signal: AbortSignal.timeout(HANDOVER_MS) }, () => {
        resolve(true);
        return new Promise<never>(() => undefined);
      })
      .catch(() => resolve(false));
  });
}
