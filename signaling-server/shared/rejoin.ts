import type { PeerId } from '../../core/ids.ts';
import type { FromServer } from '../../core/protocol/signaling.ts';
import { agree } from './agree.ts';
import type { Exchange } from './exchange.ts';
import type { Hall, Place } from './hall.ts';
import type { Mail } from './letters.ts';
import { type RoomRecord, roomOf, type Seat } from './room-record.ts';

export interface Rejoined {
  /** What our visitors are told. */
  readonly mail: readonly Mail[];
  readonly absent: readonly string[];
  /** Who lost their place meanwhile: they come again as if new. */
  readonly lost: readonly Place[];
}

/**
 * Brings this process's visitors of a room back under the name of a new connection to the exchange. What others did
 * meanwhile is told as if it happened now; a room that was forgotten is put back as we knew it. Members that different
 * processes have hear of each other that they were away, because packets between them may have been lost.
 * @throws AwayError
 */
export async function rejoin(
  hall: Hall,
  exchange: Exchange,
  now: number,
  isOurs: (seat: Seat) => boolean,
): Promise<Rejoined> {
  const { record: known, stored } = hall;
  const places = new Map(hall.insiders().map((place) => [place.peer, place]));
  const knockers = [...hall.places.values()].filter((place) => hall.isKnocking(place));
  hall.know(undefined);
  if (!known || places.size + knockers.length === 0) {
    hall.name = exchange.name;
    return { mail: [], absent: [], lost: [] };
  }
  const moved = new Set<Place>();
  const { bag, absent } = await agree(hall, exchange, now, (found, bag) => {
    moved.clear();
    const room = found ?? roomOf(known, bag.visitorAt, now);
    const { members, knocking } = room.memory();
    for (const [peer, { visitor }] of [...members]) {
      const place = places.get(peer);
      const isFree = !visitor || isOurs(bag.seatOf(visitor));
      if (place && isFree && room.moved(peer, visitor, bag.visitorAt(seatAt(exchange, place))))
        moved.add(place);
      else if (visitor && isFree) room.disconnected(peer, visitor, now);
    }
    // They knock again.
    for (const [peer, { visitor }] of [...knocking])
      if (isOurs(bag.seatOf(visitor))) room.disconnected(peer, visitor, now);
    return room;
  }).catch((error: unknown) => {
    // The next connection begins where this one did.
    hall.know(stored);
    throw error;
  });
  hall.name = exchange.name;
  for (const place of moved) place.seat = seatAt(exchange, place);
  const ours = new Set([...moved].map(({ peer }) => peer));
  // Nothing was lost between those who are both here.
  const news = bag.for(exchange.name).filter(([, message]) => !isComing(message, ours));
  const missed = [...moved].flatMap((place) =>
    missedBy(place.peer, known, hall, ours).map((message): Mail => [place.number, message]),
  );
  const lost = [...places.values(), ...knockers].filter((place) => !moved.has(place));
  return { mail: [...news, ...missed], absent, lost };
}

function seatAt(exchange: Exchange, place: Place): Seat {
  return `${exchange.name}.${place.number}`;
}

function isComing(message: FromServer | null, ours: ReadonlySet<PeerId>): boolean {
  return (message?.type === 'peer-left' || message?.type === 'peer-joined') && ours.has(message.peer);
}

/** What a member was not told; that others at other processes are away it heard when the connection was lost. */
function missedBy(me: PeerId, known: RoomRecord, { record }: Hall, ours: ReadonlySet<PeerId>): FromServer[] {
  if (!record) return [];
  const there = new Set(record.members.map(([peer]) => peer));
  const gone = known.members.filter(([peer]) => !there.has(peer));
  const messages: FromServer[] = [
    ...gone.map(([peer]) => ({ type: 'peer-left', peer, why: 'gone' }) as const),
    ...record.members.flatMap(([peer, , seat]) =>
      seat && !ours.has(peer) ? [{ type: 'peer-joined', peer } as const] : [],
    ),
  ];
  if (record.leader !== me) return messages;
  const wasLeader = known.leader === me;
  if (!wasLeader) messages.push({ type: 'leading', askFirst: record.askFirst });
  const knew = new Set(wasLeader ? known.knocking.map(([peer]) => peer) : []);
  for (const [peer, , card] of record.knocking)
    if (!knew.has(peer)) messages.push({ type: 'knock', peer, card });
  const knocks = new Set(record.knocking.map(([peer]) => peer));
  for (const peer of knew) if (!knocks.has(peer)) messages.push({ type: 'knock-gone', peer });
  return messages;
}
