import type { ProtocolError } from '../errors.ts';
import type { PeerId } from '../ids.ts';
import type { PeerSignal } from '../protocol/parse-peer-signal.ts';
import type { IceServer } from '../protocol/signaling.ts';
import { Attempts } from './attempts.ts';
import { Link, type LinkListener } from './link.ts';
import type { MeshOptions } from './mesh.types.ts';
import type { BinaryKind } from './network.ts';
import { RelayWire } from './relay-wire.ts';
import type { Wire, WireKind } from './wire.ts';

/** Without a direct connection by then, packets go through the relay; on a LAN it takes below 1 s (facts.md B4). */
const RELAY_AFTER_MS = 8000;
/** `session` and `hello` are said again this often until they are answered: the server may lose signals. */
const REPEAT_MS = 3000;
/** A link that ended although both are in the room is made anew, at first after 1 s, then ever more slowly. */
const RESTART_MS: readonly number[] = [1000, 2000, 4000, 8000, 16_000, 32_000];
/** A link that lived this long makes restarts quick again. */
const STEADY_MS = 60_000;

/** What the signaling server last said of the peer. */
type Presence = 'here' | 'away' | 'gone';

/** `repeat`: the introduction; `fallback`: to the relay; `restart`: a new session. */
type Timer = 'repeat' | 'fallback' | 'restart';

export interface PeeringListener {
  up(): void;
  down(reason: string): void;
  changed(): void;
  control(text: string): void;
  binary(kind: BinaryKind, bytes: Uint8Array<ArrayBuffer>): void;
  broken(error: ProtocolError): void;
}

export interface PeeringOptions
  extends Pick<MeshOptions, 'me' | 'rendezvous' | 'dial' | 'clock' | 'random32'> {
  readonly peer: PeerId;
  /** A random number above 0 that stays with this page and changes with a reload. */
  readonly page: number;
  /** Milliseconds until there may be a link again; 0 for a peer that kept to the protocol. */
  readonly shunnedMs: () => number;
  readonly iceServers: () => readonly IceServer[];
  readonly listener: PeeringListener;
}

/**
 * Keeps one link to one peer of the room: agrees on a session, dials, falls back to the relay and away from
 * it again, and begins anew when the other side is a new page.
 */
export class Peering {
  readonly #options: PeeringOptions;
  readonly #caller: boolean;
  #presence: Presence = 'away';
  /** Our own connection to the server stands. */
  #online = true;
  /** The session of the current link; 0 when there is none. */
  #session = 0;
  #lastSession = 0;
  /** Caller: the page that said hello to this session. Callee: unused. */
  #theirPage: number | undefined;
  #link: Link | undefined;
  #relay: RelayWire | undefined;
  /** In this session packets go through the relay for as long as there is no direct way. */
  #relayWanted = false;
  #attempts: Attempts | undefined;
  readonly #timers = new Map<Timer, number>();
  #restarts = 0;
  #upSince = 0;
  /** It said goodbye; only a new page or a new hello changes that. */
  #departed = false;
  #closed = false;

  constructor(options: PeeringOptions) {
    this.#options = options;
    this.#caller = options.me < options.peer;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  get isUp(): boolean {
    return this.#link?.isUp ?? false;
  }

  /** Nothing is left to keep. */
  get isOver(): boolean {
    return this.#link === undefined && this.#presence !== 'here';
  }

  /** The peer is in the room: for the first time, or again after its or our connection to the server broke. */
  here(): void {
    this.#presence = 'here';
    this.#online = true;
    this.#departed = false;
    // Packets may have been lost with the old connection; closing the relay makes the link send them again.
    this.#closeRelay('the way through the server was renewed');
    if (!this.#link) {
      this.#begin();
      return;
    }
    this.#introduce();
    if (this.#link.has('direct')) return;
    if (this.#relayWanted) this.#openRelay();
    this.#attempts?.begin();
  }

  left(why: 'gone' | 'away'): void {
    this.#presence = why;
    this.#cancelTimer('restart');
    this.#closeRelay('the server lost the device');
    if (this.#link && !this.#link.hasWires && (why === 'gone' || !this.#link.isUp))
      this.#endLink('the device left');
    else this.#link?.suspect();
  }

  /** Our own connection to the server broke. */
  offline(): void {
    this.#online = false;
    this.#closeRelay('the connection to the server broke');
  }

  signal(signal: PeerSignal): void {
    if (this.#closed) return;
    this.#presence = 'here';
    if (signal.type !== 'bye' && this.#options.shunnedMs() > 0) return;
    switch (signal.type) {
      case 'session':
        if (!this.#caller) this.#adopt(signal.session, signal.greeted);
        return;
      case 'hello':
        if (this.#caller) this.#greet(signal.page, signal.session);
        return;
      case 'rtc':
        if (signal.session === this.#session) this.#attempts?.signal(signal.attempt, signal.data);
        return;
      case 'bye':
        // The goodbye over the link may have come first and ended the session.
        if (signal.session === 0 || signal.session !== (this.#session || this.#lastSession)) return;
        this.#departed = true;
        this.#endLink(signal.reason);
    }
  }

  relay(session: number, packet: Uint8Array<ArrayBuffer>): void {
    if (session !== this.#session || !this.#link) return;
    // Before the hello only pings can come; they come again.
    if (this.#caller && this.#theirPage === undefined) return;
    this.#openRelay();
    this.#relay?.deliver(packet);
  }

  /** Ends the link for now, see `shunnedMs`. */
  expel(reason: string): void {
    this.#endLink(reason);
  }

  close(reason: string): void {
    if (this.#session !== 0) this.#say({ type: 'bye', session: this.#session, reason });
    this.#closed = true;
    this.#endLink(reason);
  }

  #begin(): void {
    if (this.#closed || this.#departed || this.#presence !== 'here') return;
    this.#cancelTimer('restart');
    const shunnedMs = this.#options.shunnedMs();
    if (shunnedMs > 0) {
      this.#after('restart', shunnedMs, () => this.#begin());
      return;
    }
    if (this.#caller) this.#newLink(this.#options.random32() || 1);
    this.#introduce();
  }

  /** Says which session we mean, and again until that is settled. */
  #introduce(): void {
    this.#cancelTimer('repeat');
    if (this.#closed || this.#departed || this.#presence !== 'here') return;
    if (this.#caller)
      this.#say({ type: 'session', session: this.#session, greeted: this.#theirPage !== undefined });
    else this.#say({ type: 'hello', page: this.#options.page, session: this.#session });
    const settled = this.#caller ? this.#theirPage !== undefined : this.#session !== 0;
    if (!settled) this.#after('repeat', REPEAT_MS, () => this.#introduce());
  }

  /** Callee: the caller's word on the session holds. */
  #adopt(session: number, greeted: boolean): void {
    this.#departed = false;
    if (session !== this.#session && !greeted) {
      this.#endLink('the device came back');
      this.#newLink(session);
      this.#connect();
    }
    this.#introduce();
  }

  /** Caller: the callee says who it is and what it knows. */
  #greet(page: number, session: number): void {
    this.#departed = false;
    const agreed = session === this.#session && this.#session !== 0;
    if (agreed && this.#theirPage === undefined) {
      this.#theirPage = page;
      this.#cancelTimer('repeat');
      this.#connect();
    } else if (!agreed || page !== this.#theirPage) {
      // A fresh link has nothing to lose: the answer to its `session` is still on its way.
      if (this.#link && this.#theirPage === undefined) this.#introduce();
      else {
        this.#endLink('the device came back');
        this.#begin();
      }
    }
  }

  #newLink(session: number): void {
    this.#cancelTimer('restart');
    this.#session = session;
    this.#lastSession = session;
    this.#theirPage = undefined;
    this.#relayWanted = false;
    const link: Link = new Link(
      this.#options.clock,
      this.#linkListener(() => this.#link === link),
    );
    this.#link = link;
  }

  /** Both sides know the session: look for ways. */
  #connect(): void {
    const { dial, clock, iceServers } = this.#options;
    const session = this.#session;
    if (!dial) {
      this.#openRelay();
      return;
    }
    const listener = {
      signal: (attempt: number, data: string) => this.#say({ type: 'rtc', session, attempt, data }),
      connected: (wire: Wire) => this.#link?.addWire(wire),
      failed: () => this.#openRelay(),
    };
    this.#attempts = new Attempts({ dial, clock, iceServers, caller: this.#caller, listener });
    this.#attempts.begin();
    this.#after('fallback', RELAY_AFTER_MS, () => {
      if (!this.#link?.has('direct')) this.#openRelay();
    });
  }

  #openRelay(): void {
    this.#relayWanted = true;
    if (!this.#link || this.#relay || this.#presence !== 'here' || !this.#online) return;
    const { rendezvous, clock, peer } = this.#options;
    this.#relay = new RelayWire(rendezvous, clock, peer, this.#session);
    this.#link.addWire(this.#relay);
  }

  #closeRelay(reason: string): void {
    const relay = this.#relay;
    this.#relay = undefined;
    relay?.close(reason);
  }

  #wireLost(kind: WireKind): void {
    if (kind === 'relayed') {
      this.#relay = undefined;
      return;
    }
    if (this.#link?.has('direct')) return;
    this.#attempts?.settled();
    this.#openRelay();
    if (this.#presence !== 'here') this.#endLink('the device left');
    else if (this.#online) this.#attempts?.begin();
  }

  #linkListener(isCurrent: () => boolean): LinkListener {
    const { listener, clock } = this.#options;
    return {
      up: () => {
        this.#upSince = clock.now();
        listener.up();
      },
      control: (text) => listener.control(text),
      binary: (kind, bytes) => listener.binary(kind, bytes),
      changed: () => listener.changed(),
      broken: (error) => listener.broken(error),
      wireLost: (kind) => {
        if (isCurrent()) this.#wireLost(kind);
      },
      closed: (reason) => {
        if (isCurrent()) this.#linkClosed(reason);
      },
    };
  }

  #endLink(reason: string): void {
    this.#cancelTimer('restart');
    this.#link?.close(reason);
  }

  #linkClosed(reason: string): void {
    const wasUp = this.#upSince > 0;
    const lived = wasUp ? this.#options.clock.now() - this.#upSince : 0;
    this.#upSince = 0;
    this.#link = undefined;
    this.#session = 0;
    this.#theirPage = undefined;
    this.#attempts?.close();
    this.#attempts = undefined;
    this.#relay = undefined;
    this.#cancelTimer('fallback');
    this.#cancelTimer('repeat');
    if (lived > STEADY_MS) this.#restarts = 0;
    if (!this.#closed && !this.#departed && this.#presence === 'here') {
      const wait = RESTART_MS[Math.min(this.#restarts, RESTART_MS.length - 1)] ?? 0;
      this.#restarts += 1;
      this.#after('restart', wait, () => this.#begin());
    }
    if (wasUp) this.#options.listener.down(reason);
  }

  #say(signal: PeerSignal): void {
    this.#options.rendezvous.signal(this.#options.peer, JSON.stringify(signal));
  }

  #after(which: Timer, ms: number, run: () => void): void {
    this.#cancelTimer(which);
    this.#timers.set(which, this.#options.clock.setTimeout(run, ms));
  }

  #cancelTimer(which: Timer): void {
    const timer = this.#timers.get(which);
    if (timer !== undefined) this.#options.clock.clearTimeout(timer);
    this.#timers.delete(which);
  }
}
