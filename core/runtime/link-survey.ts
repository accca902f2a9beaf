import type { PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { LinkStats, Network } from '../mesh/network.ts';
import { differs } from '../mesh/way-estimate.ts';
import { fitWay, midmean, msOf, type Way, type WaySample } from '../mesh/way-fit.ts';
import type { LinkReport } from '../protocol/messages.ts';
import { climb, glance, type Rung } from './link-survey-ladder.ts';

/** How often the survey looks whether there is something to do. */
const LOOK_MS = 250;
/** Lets a fresh link carry cards and the first heartbeats before it is measured. */
const SETTLE_MS = 400;
/** A device that has just joined is busy with itself, so each link is measured again after these times … */
const AGAIN_MS: readonly number[] = [4000, 15_000];
/** … and of the last so many times the slowest counts for nothing. */
const ROUNDS = 3;
/** One idle link of this device is looked at this often: 100 KB each time, 0.1 % of a small computer's time. */
const GLANCE_MS = 30_000;
/** A link that is another one each time is looked at less and less often. */
const MOST_DOUBLINGS = 3;
/** When the traffic told of a change, the link is looked at once that traffic has had its time. */
const GLANCE_AFTER_CHANGE_MS = 15_000;
/** Idle between probes, as between activations. */
const GAP_MS = 30;
/** Probes wait until no message has passed for this long: requests one after the other are one piece of work. */
const REST_MS = 2000;
/**
 * They also wait until no probes of others have come for this long. The devices of a room wait
 * differently long, and of two the later one until it must have heard of the other, so that one lets the other finish.
 */
const QUIET_MS = 300;
const QUIET_STEP_MS = 60;
/** Both on any link of this device; where the others never rest, only the link itself needs to. */
const PATIENCE_MS = 3000;
/** The leader is told of changes above this, at most so often … */
const CHANGE = 0.15;
const TELL_EVERY_MS = 2000;
/** … and of small ones seldom: no plan moves for them, but predictions are to be right within a tenth. */
const SMALL_CHANGE = 0.1;
const TELL_SMALL_EVERY_MS = 10_000;
/** What a glance may be off by before the link is measured anew: single probes vary more than medians of many. */
const GLANCE_OFF = 0.35;

/** What is known of one link. */
interface Surveyed {
  readonly kind: LinkStats['kind'];
  /** Of the last times that it was measured. */
  rounds: readonly (readonly WaySample[])[];
  /** How often it was measured since it was new, or different. */
  times: number;
  /** How often in a row a glance found something else. */
  misses: number;
  dueAt: number;
  told: LinkReport | undefined;
}

/** Measures each link in the direction in which this device sends, while it rests, and reports what is known of all. */
export class LinkSurvey {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #report: (links: readonly LinkReport[]) => void;
  readonly #links = new Map<PeerId, Surveyed>();
  #toldAt = Number.NEGATIVE_INFINITY;
  #timer: number | undefined;
  #measuring = false;
  #stopped = false;

  constructor(network: Network, clock: Clock, report: (links: readonly LinkReport[]) => void) {
    this.#network = network;
    this.#clock = clock;
    this.#report = report;
  }

  /** Looks after all links from now on. */
  start(): void {
    if (this.#timer === undefined && !this.#stopped) this.#look();
  }

  /** What is known of all links, for one who knows nothing yet. */
  get known(): readonly LinkReport[] {
    return [...this.#links].flatMap(
      ([peer, { told }]) => reportOf(peer, this.#network.stats(peer)) ?? told ?? [],
    );
  }

  forget(peer: PeerId): void {
    this.#links.delete(peer);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
  }

  #look(): void {
    if (this.#stopped) return;
    this.#timer = this.#clock.setTimeout(() => this.#look(), LOOK_MS);
    for (const peer of this.#network.peers()) this.#notice(peer);
    for (const link of this.#tell()) {
      // Whatever changed, the traffic said so: a measurement is told at once.
      link.dueAt = Math.min(link.dueAt, this.#clock.now() + GLANCE_AFTER_CHANGE_MS);
    }
    if (!this.#measuring) void this.#measureNext();
  }

  /** Another kind of wire is another link. */
  #notice(peer: PeerId): void {
    const kind = this.#network.stats(peer)?.kind ?? 'connecting';
    const known = this.#links.get(peer);
    if (kind === 'connecting' || known?.kind === kind) return;
    const dueAt = this.#clock.now() + SETTLE_MS;
    this.#links.set(peer, { kind, rounds: [], times: 0, misses: 0, dueAt, told: known?.told });
  }

  async #measureNext(): Promise<void> {
    const now = this.#clock.now();
    const [next] = [...this.#links]
      .filter(([peer, { dueAt }]) => dueAt <= now && this.#isQuiet(peer, dueAt))
      .sort(([, a], [, b]) => a.times - b.times || a.dueAt - b.dueAt);
    if (!next) return;
    this.#measuring = true;
    // Whoever left meanwhile, or changed its wire, is noticed by the next look.
    await this.#measure(...next).catch(() => undefined);
    this.#measuring = false;
    this.#tell();
  }

  async #measure(peer: PeerId, link: Surveyed): Promise<void> {
    const { clock, network } = { clock: this.#clock, network: this.#network };
    const rung = this.#rung(peer, link);
    const glanceMs = GLANCE_MS * network.peers().length * 2 ** Math.min(link.misses, MOST_DOUBLINGS);
    link.dueAt = clock.now() + glanceMs;
    if (link.times > AGAIN_MS.length) {
      const samples = await glance(rung);
      const way = wayOf(network.stats(peer));
      const same = way !== undefined && agrees(way, samples);
      link.misses = same ? 0 : link.misses + 1;
      if (same) return;
      link.times = 1;
    }
    const round = await climb(rung);
    if (new Set(round.map(({ bytes }) => bytes)).size < 2) {
      // Something always came between.
      link.dueAt = clock.now() + SETTLE_MS;
      return;
    }
    link.rounds = [...link.rounds, round].slice(-ROUNDS);
    network.calibrate(peer, withoutSlowest(link.rounds));
    link.dueAt = clock.now() + (AGAIN_MS[link.times] ?? glanceMs);
    link.times += 1;
  }

  #rung(peer: PeerId, link: Surveyed): Rung {
    const stats = (): LinkStats => {
      const found = this.#network.stats(peer);
      if (this.#stopped || !found || found.kind !== link.kind) throw new Error('the link is another one now');
      return found;
    };
    return {
      turn: async () => {
        const since = this.#clock.now();
        do {
          await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, GAP_MS));
          stats();
        } while (!this.#isQuiet(peer, since));
      },
      probe: async (bytes) => {
        const sentAt = this.#clock.now();
        const ms = await this.#network.probe(peer, bytes);
        const { usedAt, probedAt } = stats();
        return Math.max(usedAt, probedAt) < sentAt ? ms : undefined;
      },
    };
  }

  /** `since`: when the wish to measure came up. */
  #isQuiet(peer: PeerId, since: number): boolean {
    const now = this.#clock.now();
    const peers = this.#network.peers();
    const rank = peers.filter((other) => other < this.#network.me).length;
    const others = now - since > PATIENCE_MS ? [peer] : peers;
    return others.every((other) => {
      const { usedAt = 0, probedAt = 0, rttMs = 0 } = this.#network.stats(other) ?? {};
      const hearsayMs = other < this.#network.me ? 2 * (rttMs ?? 0) : 0;
      const quietMs = QUIET_MS + rank * QUIET_STEP_MS + hearsayMs;
      return now - usedAt >= REST_MS && now - probedAt >= quietMs;
    });
  }

  /** Reports all links when any of them is new or has changed; returns those. */
  #tell(): readonly Surveyed[] {
    const now = this.#clock.now();
    if (this.#stopped || now - this.#toldAt < TELL_EVERY_MS) return [];
    const least = now - this.#toldAt < TELL_SMALL_EVERY_MS ? CHANGE : SMALL_CHANGE;
    const changed: Surveyed[] = [];
    const reports: LinkReport[] = [];
    for (const [peer, link] of this.#links) {
      const report = reportOf(peer, this.#network.stats(peer)) ?? link.told;
      if (!report) continue;
      reports.push(report);
      if (link.told && !isNews(link.told, report, least)) continue;
      changed.push(link);
    }
    if (changed.length === 0) return [];
    this.#toldAt = now;
    for (const report of reports) {
      const link = this.#links.get(report.peer);
      if (link) link.told = report;
    }
    this.#report(reports);
    return changed;
  }
}

function reportOf(peer: PeerId, stats: LinkStats | undefined): LinkReport | undefined {
  if (!stats || stats.rttMs === null || stats.delayMs === null || stats.mbitPerSec === null) return undefined;
  const { rttMs, delayMs, mbitPerSec, steadyMbitPerSec: steady } = stats;
  return { peer, rttMs, delayMs, mbitPerSec, ...(steady !== null && { steadyMbitPerSec: steady }) };
}

/** All samples but those of the slowest of several rounds. */
function withoutSlowest(rounds: readonly (readonly WaySample[])[]): readonly WaySample[] {
  const timed = rounds.map((samples) => ({ samples, ms: msOf(fitWay(samples), 64 * 1024) }));
  timed.sort((a, b) => a.ms - b.ms);
  return timed.slice(0, Math.max(1, timed.length - 1)).flatMap(({ samples }) => samples);
}

function isNews(told: LinkReport, report: LinkReport, change: number): boolean {
  const [before, now] = [wayOf(told), wayOf(report)];
  return before === undefined || now === undefined || differs(before, now, change);
}

function wayOf(link: { delayMs?: number | null; mbitPerSec?: number | null } | undefined): Way | undefined {
  if (!link?.mbitPerSec || link.delayMs === null || link.delayMs === undefined) return undefined;
  return { delayMs: link.delayMs, msPerByte: 8 / (link.mbitPerSec * 1000) };
}

/** True where a few probes tell what is known, nearly. */
function agrees(way: Way, samples: readonly WaySample[]): boolean {
  return [...new Set(samples.map(({ bytes }) => bytes))].every((bytes) => {
    const found = midmean(samples.filter((sample) => sample.bytes === bytes).map(({ ms }) => ms));
    const known = msOf(way, bytes);
    return Math.abs(found - known) <= GLANCE_OFF * Math.min(found, known) + 1;
  });
}
