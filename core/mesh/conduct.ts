import type { PeerId } from '../ids.ts';
import type { ControlMessage } from '../protocol/messages.ts';
import { Allowance } from './allowance.ts';
import type { Clock } from './clock.ts';
import { flood, TrafficLimits } from './traffic-limits.ts';

/**
 * Control messages of one peer. The busiest honest page is a leader that measures hundreds of small blocks, or a device
 * that fetches thousands of small pieces: below 1,000 a second. What a link held back while it had no wire comes at once.
 */
const MESSAGES_PER_SECOND = 2000;
const MESSAGES_AT_ONCE = 10_000;
/** Their characters. A card of a model has up to a MiB, the terms of a stage hundreds of KiB, a plan tens. */
const CHARACTERS_PER_SECOND = 4 * 1024 ** 2;
const CHARACTERS_AT_ONCE = 32 * 1024 ** 2;
/**
 * Cards among them. A page shows its progress ten times a second at most while it measures itself; each card goes into
 * everybody's view, and the leader's book.
 */
const CARDS_PER_SECOND = 20;
const CARDS_AT_ONCE = 200;
/** An attempt has a few dozen ICE candidates and comes every 15 s at most; a page may be reloaded several times. */
const SIGNALS_PER_SECOND = 20;
const SIGNALS_AT_ONCE = 400;

/**
 * Between an offence and the next link: at first hardly longer than a reload, which may be all that is wrong; an honest
 * page of another version is then asked every two minutes.
 */
const SHUN_MS: readonly number[] = [10_000, 30_000, 60_000, 120_000];
/** Whoever kept the rules for this long begins anew. */
const FORGIVEN_AFTER_MS = 3_600_000;
/** Peers that are remembered; a room has 32. Beyond that the first one is forgotten. */
const REMEMBERED = 256;

interface Offence {
  readonly times: number;
  readonly at: number;
  readonly until: number;
}

interface Flow {
  readonly messages: Allowance;
  readonly characters: Allowance;
  readonly signals: Allowance;
  readonly cards: Allowance;
  /** What comes through the relay, for whatever link. */
  readonly relay: TrafficLimits;
}

/** Who may be linked with: a peer that broke the protocol is left alone for a while, each time for longer. */
export class Conduct {
  readonly #clock: Clock;
  readonly #offences = new Map<PeerId, Offence>();
  readonly #flows = new Map<PeerId, Flow>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A control message came. @throws ProtocolError when they are more than any honest page sends. */
  control(peer: PeerId, text: string): void {
    const { messages, characters } = this.#flow(peer);
    const now = this.#clock.now();
    if (!messages.take(1, now)) throw flood(`at most ${MESSAGES_PER_SECOND} messages a second`);
    if (!characters.take(text.length, now))
      throw flood(`at most ${CHARACTERS_PER_SECOND} characters a second`);
  }

  /** It was parsed, and is of this type. @throws ProtocolError as {@link control}. */
  said(peer: PeerId, type: ControlMessage['type']): void {
    if (type !== 'card' || this.#flow(peer).cards.take(1, this.#clock.now())) return;
    throw flood(`at most ${CARDS_PER_SECOND} cards a second`);
  }

  /** A packet came through the relay, maybe for a link that is no more. @throws ProtocolError as {@link control}. */
  relay(peer: PeerId, bytes: number): void {
    this.#flow(peer).relay.packet(bytes, false, this.#clock.now());
  }

  /** A signal came through the server. @throws ProtocolError as {@link control}. */
  signal(peer: PeerId): void {
    if (this.#flow(peer).signals.take(1, this.#clock.now())) return;
    throw flood(`at most ${SIGNALS_PER_SECOND} signals a second`);
  }

  offended(peer: PeerId): void {
    const at = this.#clock.now();
    const before = this.#offences.get(peer);
    const times = before && at - before.at < FORGIVEN_AFTER_MS ? before.times + 1 : 1;
    const shun = SHUN_MS[Math.min(times, SHUN_MS.length) - 1] ?? 0;
    // To the end of the map, so that its first entry is the oldest.
    this.#offences.delete(peer);
    remember(this.#offences, peer, { times, at, until: at + shun });
  }

  /** Milliseconds until there may be a link with this peer again; 0 for now. */
  shunnedMs(peer: PeerId): number {
    return Math.max(0, (this.#offences.get(peer)?.until ?? 0) - this.#clock.now());
  }

  #flow(peer: PeerId): Flow {
    const known = this.#flows.get(peer);
    if (known) return known;
    const now = this.#clock.now();
    const flow = {
      messages: new Allowance(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE, now),
      characters: new Allowance(CHARACTERS_PER_SECOND, CHARACTERS_AT_ONCE, now),
      signals: new Allowance(SIGNALS_PER_SECOND, SIGNALS_AT_ONCE, now),
      cards: new Allowance(CARDS_PER_SECOND, CARDS_AT_ONCE, now),
      relay: new TrafficLimits(now),
    };
    remember(this.#flows, peer, flow);
    return flow;
  }
}

function remember<T>(map: Map<PeerId, T>, peer: PeerId, value: T): void {
  map.set(peer, value);
  const [oldest] = map.keys();
  if (map.size > REMEMBERED && oldest !== undefined) map.delete(oldest);
}
