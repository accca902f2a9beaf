import type { PeerId } from '../ids.ts';
import { Allowance } from '../mesh/allowance.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { TracePart } from '../protocol/messages.ts';
import { type DeviceTrace, onOurClock } from '../trace/device-trace.ts';
import type { Span } from '../trace/span.ts';
import { spansOf, tablesOf } from '../trace/trace-parts.ts';

/** A busy page answers within half a second, and a quarter of a megabyte takes a second on a slow way. */
const PATIENCE_MS = 5000;
/** To each device: a person who saves traces is never that quick, and a page that only asks costs little. */
const ANSWERS_PER_SECOND = 0.5;
const ANSWERS_AT_ONCE = 3;

/** What came of asking everybody: this device first. */
export interface RoomTrace {
  readonly devices: readonly DeviceTrace[];
  /** They did not answer in time. */
  readonly missing: readonly PeerId[];
}

interface Asked {
  readonly peer: PeerId;
  readonly parts: Map<number, readonly Span[]>;
  readonly done: (spans: readonly Span[] | undefined) => void;
}

/** Tells others what this device noted of its work, and asks them for the same. */
export class TraceDesk {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #own: () => Span[];
  readonly #allowances = new Map<PeerId, Allowance>();
  readonly #asked = new Map<number, Asked>();
  #next = 1;

  constructor(network: Network, clock: Clock, own: () => Span[]) {
    this.#network = network;
    this.#clock = clock;
    this.#own = own;
  }

  /** Asks every device that is here, each at once. */
  async collect(): Promise<RoomTrace> {
    const { me } = this.#network;
    const peers = this.#network.peers();
    const answers = await Promise.all(peers.map((peer) => this.#ask(peer)));
    const own = { peer: me, spans: this.#own(), clockErrorMs: 0, clockAheadMs: 0 };
    return {
      devices: [own, ...answers.filter((answer) => answer !== undefined)],
      missing: peers.filter((_, at) => answers[at] === undefined),
    };
  }

  /** A device wants to know. */
  wanted(peer: PeerId, ticket: number): void {
    const now = this.#clock.now();
    const allowance = this.#allowances.get(peer) ?? new Allowance(ANSWERS_PER_SECOND, ANSWERS_AT_ONCE, now);
    this.#allowances.set(peer, allowance);
    if (!allowance.take(1, now)) return;
    const tables = tablesOf(this.#own());
    for (const [part, spans] of tables.entries())
      this.#network.sendControl(peer, { type: 'trace-part', ticket, part, parts: tables.length, spans });
  }

  /**
   * An answer; one that nobody waits for, or from another device, is dropped.
   * @throws ProtocolError when it has what no device notes.
   */
  heard(peer: PeerId, { ticket, part, parts, spans }: TracePart): void {
    const asked = this.#asked.get(ticket);
    if (asked?.peer !== peer) return;
    asked.parts.set(part, spansOf(spans));
    if (asked.parts.size < parts) return;
    const inOrder = [...asked.parts].sort(([a], [b]) => a - b);
    asked.done(inOrder.flatMap(([, each]) => each));
  }

  peerDown(peer: PeerId): void {
    this.#allowances.delete(peer);
    for (const asked of [...this.#asked.values()]) if (asked.peer === peer) asked.done(undefined);
  }

  async #ask(peer: PeerId): Promise<DeviceTrace | undefined> {
    const ticket = this.#next++;
    let timer: number | undefined;
    const spans = await new Promise<readonly Span[] | undefined>((done) => {
      timer = this.#clock.setTimeout(() => done(undefined), PATIENCE_MS);
      this.#asked.set(ticket, { peer, parts: new Map(), done });
      this.#network.sendControl(peer, { type: 'trace-wanted', ticket });
    });
    this.#asked.delete(ticket);
    if (timer !== undefined) this.#clock.clearTimeout(timer);
    if (!spans) return undefined;
    const offset = this.#network.stats(peer)?.clock;
    const clockAheadMs = offset?.aheadMs ?? 0;
    return {
      peer,
      spans: onOurClock(spans, clockAheadMs),
      clockErrorMs: offset?.errorMs ?? null,
      clockAheadMs,
    };
  }
}
