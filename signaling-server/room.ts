import type { PeerId } from '../core/ids.ts';
import type { FromServer, ToServer } from '../core/protocol/signaling.ts';
import type { IceLists } from './ice-lists.ts';
import { refuse, sameSecret, type Visitor } from './visitor.ts';

/** A reload takes a phone a few seconds, a change of network up to 20: so long nobody has to knock again. */
export const GRACE_MS = 20_000;

/** The leader may close the lid and come back; then an empty room still has its name. */
const LEADERLESS_MS = 600_000;

/** A full mesh: 32 devices already hold 496 links. */
const MAX_MEMBERS = 32;

/** More than a leader can look through. */
const MAX_KNOCKING = 16;

type Opening = Extract<ToServer, { type: 'open' }>;
type Joining = Extract<ToServer, { type: 'join' }>;

export interface Member {
  readonly key: string;
  /** Null while away. */
  readonly visitor: Visitor | null;
  readonly since: number;
}

export interface Knocker {
  readonly key: string;
  readonly card: string;
  readonly visitor: Visitor;
}

/** All that a room knows, so that another process can go on with it. */
export interface RoomMemory {
  readonly proof: string;
  readonly opener: Pick<Opening, 'peer' | 'key'>;
  readonly leader: PeerId;
  readonly claim: { readonly peer: PeerId; readonly term: number } | undefined;
  /** In order of joining. */
  readonly members: ReadonlyMap<PeerId, Member>;
  readonly knocking: ReadonlyMap<PeerId, Knocker>;
  readonly askFirst: boolean;
  readonly ledAt: number;
}

/** Who is inside, who waits at the door, who was here a moment ago. Knows no sockets and no timers. */
export class Room {
  readonly proof: string;
  /** It may always come in: the room is its. */
  readonly #opener: Pick<Opening, 'peer' | 'key'>;
  #leader: PeerId;
  /** Leads as soon as the leader is away: devices know before this server does that it is gone. */
  #claim: { readonly peer: PeerId; readonly term: number } | undefined;
  readonly #ice: IceLists;
  /** In order of joining. */
  readonly #members = new Map<PeerId, Member>();
  readonly #knocking = new Map<PeerId, Knocker>();
  #askFirst = false;
  /** When the leader was last inside. */
  #ledAt: number;

  constructor(opening: Pick<Opening, 'peer' | 'key' | 'proof'>, ice: IceLists, now: number) {
    this.proof = opening.proof;
    this.#opener = opening;
    this.#leader = opening.peer;
    this.#ice = ice;
    this.#ledAt = now;
  }

  /** A room as {@link memory} gave it. */
  static from(memory: RoomMemory, ice: IceLists): Room {
    const { proof, opener, leader, claim, members, knocking, askFirst, ledAt } = memory;
    const room = new Room({ ...opener, proof }, ice, ledAt);
    room.#leader = leader;
    room.#claim = claim;
    for (const [peer, member] of members) room.#members.set(peer, member);
    for (const [peer, knocker] of knocking) room.#knocking.set(peer, knocker);
    room.#askFirst = askFirst;
    return room;
  }

  memory(): RoomMemory {
    return {
      proof: this.proof,
      opener: this.#opener,
      leader: this.#leader,
      claim: this.#claim,
      members: this.#members,
      knocking: this.#knocking,
      askFirst: this.#askFirst,
      ledAt: this.#ledAt,
    };
  }

  /** Devices inside now. */
  get size(): number {
    return [...this.#members.values()].filter((member) => member.visitor).length;
  }

  /** The page that made the room comes in, or one that leads. It joins where another one leads. */
  open(opening: Opening, visitor: Visitor, now: number): void {
    const { peer, key } = opening;
    const known = this.#keyOf(peer);
    const mayLead = peer === this.#leader || this.size === 0;
    if (known !== undefined && !sameSecret(known, key)) refuse(visitor, 'room-taken');
    // The server was restarted, and whoever led then was here first.
    else if (known === undefined) this.join({ ...opening, type: 'join', card: '' }, visitor, now);
    else if (mayLead) this.#lead(opening, visitor, now);
    else this.#enter(peer, key, visitor, now);
  }

  /** The leader comes in. Its word on asking first is the newest. */
  #lead(opening: Opening, visitor: Visitor, now: number): void {
    this.#leader = opening.peer;
    this.#askFirst = opening.askFirst;
    this.#enter(opening.peer, opening.key, visitor, now);
    if (!this.#askFirst) this.#admitAll(now);
    for (const [peer, { card }] of this.#knocking) visitor.send({ type: 'knock', peer, card });
  }

  /** Somebody else who knows the secret. */
  join({ peer, key, card }: Joining, visitor: Visitor, now: number): void {
    const known = this.#keyOf(peer);
    // Peer ids are public inside the room: only the key tells who somebody is.
    if (known !== undefined && !sameSecret(known, key)) refuse(visitor, 'protocol');
    else if (this.#members.has(peer) || peer === this.#opener.peer) this.#enter(peer, key, visitor, now);
    else if (this.#isFull()) refuse(visitor, 'room-full');
    else if (this.#askFirst) this.#knock(peer, { key, card, visitor });
    else this.#enter(peer, key, visitor, now);
  }

  /** What a member says. Words that only the leader may say are dropped when another says them. */
  hear(from: PeerId, message: ToServer, now: number): void {
    if (message.type === 'signal') {
      this.visitorOf(message.to)?.send({ type: 'signal', from, sealed: message.sealed });
    } else if (message.type === 'leave') {
      this.leave(from);
    } else if (message.type === 'lead') {
      if (message.term >= (this.#claim?.term ?? 0)) this.#claim = { peer: from, term: message.term };
      if (from === this.#leader || !this.visitorOf(this.#leader)) this.#settleClaim();
    } else if (from === this.#leader) {
      if (message.type === 'admit') this.#admit(message.peer, now);
      if (message.type === 'deny') this.#deny(message.peer);
      if (message.type === 'yield') this.#settleClaim();
      if (message.type === 'ask-first') {
        this.#askFirst = message.value;
        if (!message.value) this.#admitAll(now);
      }
    }
  }

  /** The connection of a member who is inside now. */
  visitorOf(peer: PeerId): Visitor | undefined {
    return this.#members.get(peer)?.visitor ?? undefined;
  }

  isMember(peer: PeerId, visitor: Visitor): boolean {
    return this.#members.get(peer)?.visitor === visitor;
  }

  /** Whoever came by this visitor is no longer at the other end of it. */
  disconnected(peer: PeerId, visitor: Visitor, now: number): void {
    const member = this.#members.get(peer);
    if (member?.visitor === visitor) {
      this.#members.set(peer, { ...member, visitor: null, since: now });
      if (peer === this.#leader) this.#ledAt = now;
      this.#tell(peer, { type: 'peer-left', peer, why: 'away' });
      if (peer === this.#leader) this.#settleClaim();
    }
    if (this.#knocking.get(peer)?.visitor === visitor) this.#stopKnocking(peer);
  }

  /**
   * A member is reached by another visitor from now on, without having left; false when it is not `from` that reached
   * it. Packets between it and others may have been lost, so they hear that it was away.
   */
  moved(peer: PeerId, from: Visitor | null, to: Visitor): boolean {
    const member = this.#members.get(peer);
    if (!member || member.visitor !== from) return false;
    this.#members.set(peer, { ...member, visitor: to });
    this.#tell(peer, { type: 'peer-left', peer, why: 'away' });
    this.#tell(peer, { type: 'peer-joined', peer });
    return true;
  }

  /** A member goes for good; a leader too: its key is forgotten on its side. */
  leave(peer: PeerId): void {
    if (!this.#members.delete(peer)) return;
    if (peer === this.#leader) this.#ledAt = Number.NEGATIVE_INFINITY;
    this.#tell(peer, { type: 'peer-left', peer, why: 'gone' });
    if (peer === this.#leader) this.#settleClaim();
  }

  /** Lets those go whose grace time is over. Called about once a second. */
  tick(now: number): void {
    if (this.visitorOf(this.#leader)) this.#ledAt = now;
    for (const [peer, { visitor, since }] of this.#members) {
      if (visitor || now - since < GRACE_MS) continue;
      this.#members.delete(peer);
      this.#tell(peer, { type: 'peer-left', peer, why: 'gone' });
    }
  }

  isOver(now: number): boolean {
    return this.#members.size === 0 && now - this.#ledAt >= LEADERLESS_MS;
  }

  /** Nobody is left to let them in. */
  close(): void {
    for (const { visitor } of this.#knocking.values()) refuse(visitor, 'no-such-room');
    this.#knocking.clear();
  }

  /** Whoever said that it leads does so here, too. */
  #settleClaim(): void {
    const claim = this.#claim;
    const visitor = claim && this.visitorOf(claim.peer);
    if (!claim || !visitor || claim.peer === this.#leader) return;
    this.#leader = claim.peer;
    visitor.send({ type: 'leading', askFirst: this.#askFirst });
    for (const [peer, { card }] of this.#knocking) visitor.send({ type: 'knock', peer, card });
  }

  #keyOf(peer: PeerId): string | undefined {
    if (peer === this.#opener.peer) return this.#opener.key;
    return (this.#members.get(peer) ?? this.#knocking.get(peer))?.key;
  }

  /** One place is the leader's, whether it is here or not. */
  #isFull(): boolean {
    return this.#members.size - (this.#members.has(this.#leader) ? 1 : 0) >= MAX_MEMBERS - 1;
  }

  #enter(peer: PeerId, key: string, visitor: Visitor, now: number): void {
    const before = this.visitorOf(peer);
    if (before) {
      this.disconnected(peer, before, now);
      refuse(before, 'replaced');
    }
    this.#members.delete(peer);
    const peers = [...this.#members].filter(([, member]) => member.visitor).map(([other]) => other);
    this.#members.set(peer, { key, visitor, since: now });
    const iceServers = this.#ice.listFor(visitor);
    visitor.send({ type: 'welcome', leader: this.#leader, peers, iceServers });
    this.#tell(peer, { type: 'peer-joined', peer });
  }

  #knock(peer: PeerId, knocker: Knocker): void {
    const before = this.#knocking.get(peer);
    if (before) {
      this.#stopKnocking(peer);
      refuse(before.visitor, 'replaced');
    }
    if (this.#knocking.size >= MAX_KNOCKING) {
      refuse(knocker.visitor, 'too-many');
      return;
    }
    this.#knocking.set(peer, knocker);
    knocker.visitor.send({ type: 'wait' });
    this.visitorOf(this.#leader)?.send({ type: 'knock', peer, card: knocker.card });
  }

  #stopKnocking(peer: PeerId): void {
    this.#knocking.delete(peer);
    this.visitorOf(this.#leader)?.send({ type: 'knock-gone', peer });
  }

  #admit(peer: PeerId, now: number): void {
    const knocker = this.#knocking.get(peer);
    if (!knocker) return;
    this.#stopKnocking(peer);
    if (this.#isFull()) refuse(knocker.visitor, 'room-full');
    else this.#enter(peer, knocker.key, knocker.visitor, now);
  }

  #admitAll(now: number): void {
    for (const peer of [...this.#knocking.keys()]) this.#admit(peer, now);
  }

  #deny(peer: PeerId): void {
    const knocker = this.#knocking.get(peer);
    if (!knocker) return;
    this.#stopKnocking(peer);
    refuse(knocker.visitor, 'denied');
  }

  #tell(except: PeerId, message: FromServer): void {
    for (const [peer, { visitor }] of this.#members) if (peer !== except) visitor?.send(message);
  }
}
