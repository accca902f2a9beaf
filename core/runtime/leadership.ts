import type { PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { LeadershipMessage } from '../protocol/messages.ts';
import { isCredible, NO_TERM, nextTerm, type Term } from './term.ts';

/** A link to a leader that is there comes up by now, through the relay if need be. */
const ABSENT_MS = 12_000;
/** So long a device that should take over may take to say so before the next one does. */
const TURN_MS = 1500;
/** So long the others may take to say that they still see the leader. */
const POLL_MS = 400;
/** A leader that was heard this lately is there. */
const SEEN_MS = 700;
/** A device that sees nobody, the server neither, is more likely to be cut off itself than the last one left. */
const ALONE_MS = 20_000;
/** So often one device may make a leader go on under a later term, for as long as their link lasts; once is honest. */
const MOST_RAISES = 8;

export interface LeadershipOptions {
  readonly me: PeerId;
  readonly clock: Clock;
  readonly say: (to: PeerId, message: LeadershipMessage) => void;
  /** Those who can be reached now. */
  readonly peers: () => readonly PeerId[];
  /** The same devices in the order in which they would lead; every device comes to the same. */
  readonly inOrder: (among: readonly PeerId[]) => readonly PeerId[];
  /** Milliseconds since the device was last heard; Infinity without a link. */
  readonly silence: (peer: PeerId) => number;
  /** The signaling server can be reached. */
  readonly online: () => boolean;
  /** This device leads from now on, or goes on under a later term. */
  readonly took: (term: Term) => void;
  /** The device says for the first time that it follows this one. */
  readonly followed: (peer: PeerId) => void;
  /** Another device leads, and is here. */
  readonly follows: (leader: PeerId) => void;
  /** The leader is gone, and nobody has taken its place yet. */
  readonly lost: (leader: PeerId) => void;
}

/**
 * Who leads, as far as this page knows. A leader says so to everybody, with its term; who has lost its leader follows
 * the first later claim. When the leader is gone, the first of those who are left in an order that all can compute asks
 * whether anybody still sees it, and takes over if nobody does. In a broken network each part may so get a leader of its
 * own, under terms that differ; when the parts meet, the one with fewer followers steps down. Followers count where they
 * say so themselves, terms where the room can have come to them: nobody gets the office by big words.
 */
export class Leadership {
  readonly #options: LeadershipOptions;
  #term: Term = NO_TERM;
  #leader: PeerId | undefined;
  /** The leader is this device, or was heard to lead over a link that stands. */
  #present = false;
  /** Who said that they follow this device. */
  readonly #followers = new Set<PeerId>();
  /** Devices that should have taken over and did not. */
  readonly #passed = new Set<PeerId>();
  /** What each device that is here last said: whom it follows, or that it leads and under which term. */
  readonly #words = new Map<PeerId, { readonly leader: PeerId | null; readonly term: Term }>();
  /** What each was last told of us in answer to a claim. */
  readonly #answers = new Map<PeerId, string>();
  /** How often each made this device lead on under a later term. */
  readonly #raises = new Map<PeerId, number>();
  #aloneSince: number | undefined;
  #poll: { readonly awaited: Set<PeerId> } | undefined;
  #timer: number | undefined;
  #closed = false;

  constructor(options: LeadershipOptions) {
    this.#options = options;
  }

  get term(): Term {
    return this.#term;
  }

  get leader(): PeerId | undefined {
    return this.#leader;
  }

  /** Who said that they follow this device. */
  get followers(): readonly PeerId[] {
    return [...this.#followers];
  }

  /** True when this device leads. */
  get leads(): boolean {
    return this.#present && this.#leader === this.#options.me;
  }

  /**
   * The signaling server's word, on entering and on coming back: it may be older than what devices say. `others`: how
   * many are inside besides.
   */
  entered(leader: PeerId, others: number): void {
    if (this.#present || this.#closed) return;
    const { me } = this.#options;
    if (leader !== me) this.#leader ??= leader;
    if (leader === me && others === 0) this.#take();
    // Somebody else may have taken this device's place while it was away.
    else this.#wait(leader === me ? TURN_MS : ABSENT_MS);
  }

  peerUp(peer: PeerId): void {
    this.#options.say(peer, this.#office());
  }

  peerDown(peer: PeerId): void {
    for (const known of [this.#followers, this.#passed, this.#words, this.#answers, this.#raises])
      known.delete(peer);
    if (this.#poll?.awaited.delete(peer)) this.#count();
    if (peer !== this.#leader || !this.#present) return;
    this.#present = false;
    this.#passed.clear();
    this.#options.lost(peer);
    this.#stand();
  }

  hear(peer: PeerId, message: LeadershipMessage): void {
    if (this.#closed) return;
    switch (message.type) {
      case 'office':
        if (isCredible(message.term, this.#term)) this.#heard(peer, message);
        return;
      case 'leader-missed': {
        const { leader, term } = message;
        const sees = this.#present && (this.#leader !== leader || this.#options.silence(leader) < SEEN_MS);
        if (sees && (this.#term > term || this.#leader === leader)) this.#options.say(peer, this.#office());
        this.#options.say(peer, { type: 'leader-seen', term, seen: sees });
        return;
      }
      case 'leader-seen':
        if (message.term !== this.#term || !this.#poll?.awaited.delete(peer)) return;
        if (message.seen) this.#wait(SEEN_MS);
        else this.#count();
    }
  }

  /** Gives the office to `peer`, which takes it if it is still there. */
  handOver(peer: PeerId): void {
    const { me, peers, say, lost } = this.#options;
    if (!this.leads || !peers().includes(peer)) return;
    const farewell = { type: 'office', term: this.#term, leader: peer, followers: 0 } as const;
    this.#present = false;
    this.#leader = peer;
    for (const other of peers()) say(other, farewell);
    lost(me);
    this.#wait(TURN_MS);
  }

  /** Goes on leading under a later term. */
  renew(): void {
    if (this.leads) this.#take();
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #office(): LeadershipMessage {
    const leader = this.#present ? (this.#leader ?? null) : null;
    return { type: 'office', term: this.#term, leader, followers: this.#followers.size };
  }

  #tellAll(): void {
    for (const peer of this.#options.peers()) this.#options.say(peer, this.#office());
  }

  #heard(peer: PeerId, { leader, term }: Extract<LeadershipMessage, { type: 'office' }>): void {
    this.#words.set(peer, { leader, term });
    if (leader === peer) this.#claimed(peer, term);
    else this.#told(peer, term, leader);
    // One more that follows somebody who leads as well.
    const claim = leader === null || leader === peer ? undefined : this.#words.get(leader);
    if (this.leads && leader !== null && claim?.leader === leader) this.#met(leader, claim.term);
  }

  /** `peer` says that it leads. */
  #claimed(peer: PeerId, term: Term): void {
    if (peer === this.#leader && this.#present && term >= this.#term) {
      this.#term = term;
      this.#options.say(peer, this.#office());
    } else if (this.leads) this.#met(peer, term);
    else if (this.#present) return;
    else if (term >= this.#term) this.#follow(peer, term);
    // It does not know of a later one: it goes on under a term after that, or steps down.
    else this.#answer(peer);
  }

  /** Once, as long as nothing changes: two that do not agree would go on answering each other. */
  #answer(peer: PeerId): void {
    const office = this.#office();
    const text = JSON.stringify(office);
    if (this.#answers.get(peer) === text) return;
    this.#answers.set(peer, text);
    this.#options.say(peer, office);
  }

  /** Two that lead meet. What the other says of its followers counts for nothing, what they say themselves does. */
  #met(peer: PeerId, term: Term): void {
    const own = [...this.#followers].filter((follower) => follower !== peer).length;
    const followers = [...this.#words].filter(
      ([other, { leader }]) => other !== peer && leader === peer,
    ).length;
    // Whoever followed this device over this very link gets no office by its own word alone.
    const later = term > this.#term && !this.#followers.has(peer);
    if (followers > own || (followers === own && later)) {
      this.#term = Math.max(term, this.#term);
      this.#leader = peer;
      const farewell = { type: 'office', term: this.#term, leader: peer, followers: 0 } as const;
      for (const other of this.#options.peers()) this.#options.say(other, farewell);
      this.#follow(peer, this.#term);
    } else this.#answer(peer);
  }

  /** Someone else's word on who leads. */
  #told(peer: PeerId, term: Term, leader: PeerId | null): void {
    const { me } = this.#options;
    if (this.leads) {
      if (leader !== me) this.#followers.delete(peer);
      else if (!this.#followers.has(peer)) {
        this.#followers.add(peer);
        this.#options.followed(peer);
      }
      // Under a later term than ours nobody could follow: we go on under one after it.
      if (term > this.#term && (leader === me || leader === null)) this.#raise(peer, term);
      // It did not heed what it was told before, because it followed somebody then.
      else if (leader === null) this.#options.say(peer, this.#office());
      return;
    }
    if (peer === this.#leader && this.#present && leader !== null) {
      // The leader gave its office away.
      this.#term = Math.max(term, this.#term);
      if (leader === me) this.#take();
      else {
        this.#present = false;
        this.#leader = leader;
        this.#options.lost(peer);
        this.#askLeader();
        this.#wait(TURN_MS);
      }
    } else if (!this.#present && term > this.#term && this.#term !== NO_TERM) {
      // A newcomer believes whoever leads, whatever others say of later terms.
      this.#term = term;
      if (leader !== null && leader !== me) this.#leader = leader;
    }
  }

  /** Goes on under a term that this device can follow, too. */
  #raise(peer: PeerId, term: Term): void {
    const raises = this.#raises.get(peer) ?? 0;
    if (raises >= MOST_RAISES) return;
    this.#raises.set(peer, raises + 1);
    this.#take(term);
  }

  #follow(leader: PeerId, term: Term): void {
    this.#cancel();
    this.#passed.clear();
    this.#followers.clear();
    this.#term = term;
    this.#leader = leader;
    this.#present = true;
    this.#options.follows(leader);
    // To all: another one that leads counts those who follow this one.
    this.#tellAll();
  }

  #take(after: Term = this.#term): void {
    this.#cancel();
    this.#passed.clear();
    const { me } = this.#options;
    if (!this.leads) this.#followers.clear();
    this.#term = nextTerm(Math.max(after, this.#term), me);
    this.#leader = me;
    this.#present = true;
    this.#options.took(this.#term);
    this.#tellAll();
  }

  /** Nobody leads: is it this device's turn? */
  #stand(): void {
    this.#cancel();
    if (this.#present || this.#closed) return;
    this.#askLeader();
    const { me, peers, inOrder } = this.#options;
    const others = peers().filter((peer) => peer !== this.#leader);
    const [first = me] = inOrder([me, ...others].filter((peer) => !this.#passed.has(peer)));
    if (this.#isCutOff(others)) this.#wait(TURN_MS);
    else if (first === me) this.#ask(others);
    else {
      this.#passed.add(first);
      this.#wait(TURN_MS);
    }
  }

  /** Whoever is said to lead may be here: if it does, it says so. */
  #askLeader(): void {
    const { peers, say } = this.#options;
    const leader = this.#leader;
    if (leader !== undefined && peers().includes(leader)) say(leader, this.#office());
  }

  #isCutOff(others: readonly PeerId[]): boolean {
    const { online, clock } = this.#options;
    if (others.length > 0 || online()) this.#aloneSince = undefined;
    else this.#aloneSince ??= clock.now();
    return this.#aloneSince !== undefined && clock.now() - this.#aloneSince < ALONE_MS;
  }

  #ask(others: readonly PeerId[]): void {
    const { say, clock } = this.#options;
    const leader = this.#leader;
    if (leader === undefined || others.length === 0) {
      this.#take();
      return;
    }
    this.#poll = { awaited: new Set(others) };
    for (const peer of others) say(peer, { type: 'leader-missed', term: this.#term, leader });
    // Whoever does not answer may be gone as well.
    this.#timer = clock.setTimeout(() => this.#take(), POLL_MS);
  }

  #count(): void {
    if (this.#poll?.awaited.size === 0) this.#take();
  }

  #wait(ms: number): void {
    this.#cancel();
    this.#timer = this.#options.clock.setTimeout(() => this.#stand(), ms);
  }

  #cancel(): void {
    this.#poll = undefined;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
