import type { PeerId } from '../ids.ts';
import type { Cards } from './cards.ts';
import type { RoomTold } from './from-leader.ts';
import { Heir, type Inherited, inOrderOfSuccession } from './heir.ts';
import { Leadership } from './leadership.ts';
import type { MemberBase } from './member-base.ts';
import type { OwnWeights } from './own-weights.ts';
import type { Term } from './term.ts';

export interface SuccessionOptions extends MemberBase {
  /** The signaling server can be reached. */
  readonly online: () => boolean;
  readonly cards: Cards;
  readonly weights: OwnWeights;
  /** What the leader last said of the room. */
  readonly told: () => RoomTold;
  /** True when the device's results were wrong. */
  readonly isAside: (peer: PeerId) => boolean;
  /** This device leads from now on, or under a later term; null: it does not any more. */
  readonly led: (term: Term | null) => void;
  /** Another device leads, and is here. */
  readonly follows: (leader: PeerId) => void;
  /** The leader is gone, and nobody has taken its place yet. */
  readonly lost: (leader: PeerId) => void;
}

/** Who leads, as this device sees it, and what it has in hand in case that its turn comes. */
export class Succession {
  readonly leadership: Leadership;
  readonly heir: Heir;
  readonly #options: SuccessionOptions;
  #left: { readonly peer: PeerId; readonly name: string } | null = null;

  constructor(options: SuccessionOptions) {
    this.#options = options;
    const { network, clock, online, toLeader, cards, weights } = options;
    this.heir = new Heir({
      clock,
      fetch: (pieces, label, signal, owners) => weights.file(pieces, label, signal, owners),
      has: async (hash) => (await weights.shelf.peek(hash)) !== null,
      ready: (key) => cards.setHeir(key),
      keeps: (model, { id, hash }) => toLeader.tell({ type: 'pieces-held', model, pieces: [{ id, hash }] }),
    });
    this.leadership = new Leadership({
      me: network.me,
      clock,
      say: (to, message) => network.sendControl(to, message),
      peers: () => network.peers(),
      inOrder: (among) => this.inOrder(among),
      silence: (peer) => clock.now() - (network.stats(peer)?.heardAt ?? Number.NEGATIVE_INFINITY),
      online,
      took: (term) => this.#took(term),
      followed: (peer) => toLeader.ears?.peerUp(peer),
      follows: (leader) => this.#follows(leader),
      lost: (leader) => this.#lost(leader),
    });
  }

  /** The leader that went last. */
  get left(): { readonly peer: PeerId; readonly name: string } | null {
    return this.#left;
  }

  /** What this device has in hand in case that it leads. */
  get inherited(): Inherited | undefined {
    return this.heir.inherited;
  }

  /** These devices in the order in which they would lead: whose results were wrong, last. */
  inOrder(among: readonly PeerId[]): readonly PeerId[] {
    const { cards, told, isAside } = this.#options;
    const order = inOrderOfSuccession(among, cards.all, told().seats, this.heir.key);
    return [...order.filter((peer) => !isAside(peer)), ...order.filter(isAside)];
  }

  /** A device goes, whose card is here still. */
  leaves(peer: PeerId): void {
    const { toLeader, cards } = this.#options;
    if (peer === toLeader.leader) this.#left = { peer, name: cards.nameOf(peer) };
  }

  close(): void {
    this.leadership.close();
    this.heir.stop();
  }

  #took(term: Term): void {
    const { network, led } = this.#options;
    this.#enter(network.me);
    led(term);
  }

  #follows(leader: PeerId): void {
    this.#stepDown();
    this.#enter(leader);
    this.#options.follows(leader);
  }

  #lost(leader: PeerId): void {
    const { emit, clock, toLeader, lost } = this.#options;
    this.#stepDown();
    toLeader.leader = undefined;
    lost(leader);
    emit({ type: 'LeaderLost', at: clock.now() });
  }

  #enter(leader: PeerId): void {
    const { emit, clock, toLeader, tracing } = this.#options;
    toLeader.leader = leader;
    tracing.now?.tracer.moment('leader', { peer: leader });
    emit({ type: 'RoomEntered', leader, at: clock.now() });
  }

  #stepDown(): void {
    const { toLeader, cards, led } = this.#options;
    if (!toLeader.ears) return;
    toLeader.ears = undefined;
    cards.setHeir(null);
    led(null);
  }
}
