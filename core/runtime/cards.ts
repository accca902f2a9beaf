import type { PeerId } from '../ids.ts';
import type { LinkStats } from '../mesh/network.ts';
import type { DeviceCard, LinkView } from '../session/state.ts';
import type { MemberBase } from './member-base.ts';

/** The cards of the devices that are here: this one's own, which everybody is told of, and theirs. */
export class Cards {
  readonly #options: MemberBase;
  readonly #all = new Map<PeerId, DeviceCard>();
  #own: DeviceCard;

  constructor(own: DeviceCard, options: MemberBase) {
    this.#options = options;
    this.#own = own;
    this.#all.set(options.network.me, own);
  }

  get own(): DeviceCard {
    return this.#own;
  }

  /** This device's, too. */
  get all(): ReadonlyMap<PeerId, DeviceCard> {
    return this.#all;
  }

  nameOf(peer: PeerId): string {
    return this.#all.get(peer)?.name ?? 'A device';
  }

  change(change: Partial<DeviceCard>): void {
    const { network, clock, emit, toLeader } = this.#options;
    this.#own = { ...this.#own, ...change };
    this.#all.set(network.me, this.#own);
    emit({ type: 'CardChanged', card: this.#own, at: clock.now() });
    for (const peer of network.peers()) this.send(peer);
    toLeader.ears?.cardChanged(this.#own);
  }

  /** What the leader left for the time after it is here; on the leader's own card: it is with others. */
  setHeir(key: string | null): void {
    const { heir, ...card } = this.#own;
    if ((heir ?? null) === key) return;
    this.#own = card;
    this.change(key === null ? {} : { heir: key });
  }

  send(peer: PeerId): void {
    this.#options.network.sendControl(peer, { type: 'card', card: this.#own });
  }

  /** Another device shows its card. */
  heard(peer: PeerId, told: DeviceCard): void {
    const { network, clock, emit, toLeader } = this.#options;
    // A card speaks for the link it came over, whatever it says of itself.
    const card = { ...told, peer };
    this.#all.set(peer, card);
    emit({ type: 'CardChanged', card, at: clock.now() });
    const stats = network.stats(peer);
    if (stats) this.linkChanged(peer, stats);
    toLeader.ears?.cardChanged(card);
  }

  linkChanged(peer: PeerId, stats: LinkStats): void {
    const { clock, emit } = this.#options;
    emit({ type: 'LinkChanged', peer, link: viewOf(stats), at: clock.now() });
  }

  forget(peer: PeerId): void {
    this.#all.delete(peer);
  }
}

function viewOf(stats: LinkStats): LinkView {
  const kind = stats.kind === 'memory' ? 'direct' : stats.kind;
  return { kind, rttMs: stats.rttMs, mbitPerSec: stats.mbitPerSec };
}
