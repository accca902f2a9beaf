import type { NumberTraits } from '../../audit/tolerance.ts';
import type { PeerId } from '../../ids.ts';
import type { Clock } from '../../mesh/clock.ts';
import type { Network } from '../../mesh/network.ts';
import type { AuditFrame } from '../../protocol/audit-frame.ts';
import type { AuditTerms, LoadStage } from '../../protocol/messages.ts';
import { holdersOf } from '../../session/holders.ts';
import type { AuditCounts, AuditEvidence, DeviceCard, PlanView } from '../../session/state.ts';
import type { AuditsLater } from './audits-later.ts';
import { type Finding, Inquiry } from './inquiry.ts';
import { Judge } from './judge.ts';
import { type Pair, Pairs } from './pairs.ts';
import { Recomputations } from './recomputations.ts';
import { recomputersFor } from './recomputers-for.ts';
import { TrackRecord } from './track-record.ts';

/** By then a second copy of the same run is here, if its link was broken: copies of one moment come by two ways. */
const SETTLE_MS = 100;
/** Runs that wait to be computed again; more are let go. */
const WAITING = 8;

export interface AuditDeskOptions {
  readonly network: Pick<Network, 'me' | 'send' | 'sendControl'>;
  readonly clock: Clock;
  /** A whole number below 2^32 that nobody can guess. */
  readonly random32: () => number;
  /** This device's own part. */
  readonly own: Pick<AuditsLater, 'told' | 'recompute'>;
  readonly cards: () => ReadonlyMap<PeerId, DeviceCard>;
  /** Devices that follow this one. */
  readonly here: () => readonly PeerId[];
  readonly isAside: (peer: PeerId) => boolean;
  /** What a device has to know to run this stage of the plan. */
  readonly terms: (plan: PlanView, stage: number, peer: PeerId) => Promise<LoadStage>;
  readonly traits: () => NumberTraits;
  /** This device computes wrongly. */
  readonly found: (peer: PeerId, evidence: AuditEvidence) => void;
  /** Two devices disagree, and there is no third. */
  readonly undecided: (holder: PeerId, other: PeerId) => void;
  readonly counted: (counts: AuditCounts) => void;
}

/**
 * The leader's part in audits: chooses which runs are looked at, gets both ends of them from the neighbours, has them
 * computed again elsewhere, and says whose results are wrong. One run at a time.
 */
export class AuditDesk {
  readonly #options: AuditDeskOptions;
  readonly #recomputations: Recomputations;
  #rate: number;
  #plan: PlanView | null = null;
  #terms: AuditTerms | undefined;
  #pairs: Pairs | undefined;
  #waiting: Pair[] = [];
  #counts: AuditCounts = { checked: 0, skipped: 0, undecided: 0 };
  readonly #record = new TrackRecord();
  #working = false;
  #timer: number | undefined;

  constructor(options: AuditDeskOptions, rate: number) {
    this.#options = options;
    this.#rate = rate;
    const { network, clock, own } = options;
    this.#recomputations = new Recomputations(network, clock, own);
  }

  setRate(rate: number): void {
    if (rate === this.#rate) return;
    this.#rate = rate;
    this.#deal();
  }

  /** What runs in the room now. */
  follow(plan: PlanView | null): void {
    const audited = plan?.status === 'running' && !this.#options.traits().random;
    const running = audited ? plan : null;
    if (running?.epoch === this.#plan?.epoch) return;
    this.#plan = running;
    this.#deal();
  }

  peerUp(peer: PeerId): void {
    if (this.#terms) this.#tell(peer, this.#terms);
  }

  peerDown(peer: PeerId): void {
    this.#recomputations.peerDown(peer);
    this.#record.forget(peer);
  }

  /** A copy, or a stage that was run again. */
  frame(peer: PeerId, frame: AuditFrame): void {
    if (frame.kind === 'made') {
      this.#recomputations.made(peer, frame);
      return;
    }
    const pair = this.#pairs?.add(peer, frame, this.#options.clock.now());
    if (!pair || this.#options.isAside(pair.holder)) return;
    if (this.#waiting.length >= WAITING) {
      this.#count('skipped');
      return;
    }
    this.#waiting.push(pair);
    this.#next();
  }

  refused(peer: PeerId, ticket: number): void {
    this.#recomputations.refused(peer, ticket);
  }

  close(): void {
    this.#plan = null;
    this.#waiting = [];
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#recomputations.close();
  }

  /** New secrets: what was chosen by the ones before is let go. */
  #deal(): void {
    this.#waiting = [];
    this.#pairs = undefined;
    this.#terms = undefined;
    const plan = this.#plan;
    if (!plan) return;
    const { network, random32, here, clock } = this.#options;
    const holders = [...new Set(plan.stages.flatMap((stage) => holdersOf(stage).map(({ peer }) => peer)))];
    for (const peer of holders) this.#record.begins(peer, clock.now());
    this.#terms = {
      type: 'audit-terms',
      epoch: plan.epoch,
      stages: plan.stages.length,
      rate: this.#rate,
      own: random32(),
      secrets: holders.map((peer) => ({ peer, secret: random32() })),
    };
    this.#pairs = new Pairs(plan, this.#terms);
    for (const peer of [network.me, ...here()]) this.#tell(peer, this.#terms);
  }

  /** Nobody is told what chooses among its own runs. */
  #tell(peer: PeerId, terms: AuditTerms): void {
    const { network, own } = this.#options;
    const told = { ...terms, secrets: terms.secrets.filter((each) => each.peer !== peer) };
    if (peer === network.me) own.told(told);
    else network.sendControl(peer, told);
  }

  #next(): void {
    const [pair] = this.#waiting;
    if (this.#working || this.#timer !== undefined || !pair) return;
    const { clock } = this.#options;
    this.#timer = clock.setTimeout(
      () => {
        this.#timer = undefined;
        this.#waiting = this.#waiting.filter((each) => each !== pair);
        this.#working = true;
        // What cannot be cut or asked for is not checked.
        const audit = this.#audit(pair).catch(() => this.#count('skipped'));
        void audit.finally(() => {
          this.#working = false;
          this.#next();
        });
      },
      Math.max(0, pair.at + SETTLE_MS - clock.now()),
    );
  }

  async #audit(pair: Pair): Promise<void> {
    const plan = this.#plan;
    if (!plan || plan.epoch !== pair.input.epoch || !this.#pairs?.isClear(pair)) return;
    const { cards, traits, terms, network, random32, found, undecided } = this.#options;
    const { holder } = pair;
    const judge = new Judge({
      profileOf: (peer) => cards().get(peer)?.profile ?? null,
      traits: traits(),
      terms: await terms(plan, pair.stage, holder),
      pair,
    });
    const verdict = await new Inquiry({
      me: network.me,
      plan,
      pair,
      judge,
      recomputations: this.#recomputations,
      terms,
      able: () => this.#able(plan, pair),
      random32,
      isCurrent: () => this.#plan === plan,
      odd: () => this.#record.odd(holder),
    }).verdict();
    if (verdict.kind === 'void') return;
    if (verdict.kind === 'right') this.#record.good(holder, pair.at);
    this.#count(verdict.kind === 'skipped' ? 'skipped' : 'checked');
    if (verdict.kind === 'wrong') found(verdict.finding.accused, this.#evidence(plan, pair, verdict.finding));
    else if (verdict.kind === 'undecided') {
      this.#count('undecided');
      undecided(holder, verdict.other);
    }
  }

  #able(plan: PlanView, { stage }: Pair): readonly PeerId[] {
    const { network, here, cards, isAside } = this.#options;
    const present = [network.me, ...here()].filter((peer) => !isAside(peer));
    return recomputersFor(plan, stage, present, cards());
  }

  #evidence(
    plan: PlanView,
    { stage, origin, request }: Pair,
    { accused, difference, recomputedBy, ...found }: Finding,
  ): AuditEvidence {
    const { cards, clock } = this.#options;
    const { start = 0, end = 0 } = plan.stages[stage] ?? {};
    return {
      epoch: plan.epoch,
      start,
      end,
      origin,
      request,
      ...found,
      difference: Number.isFinite(difference) ? difference : null,
      recomputedBy: recomputedBy.map((peer) => cards().get(peer)?.name ?? 'A device'),
      uncheckedMs: this.#record.uncheckedMs(accused, clock.now()),
    };
  }

  #count(what: keyof AuditCounts): void {
    this.#counts = { ...this.#counts, [what]: this.#counts[what] + 1 };
    this.#options.counted(this.#counts);
  }
}
