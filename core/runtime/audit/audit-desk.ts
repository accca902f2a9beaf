import type { NumberTraits } from '../../audit/tolerance.ts';
import type { PeerId } from '../../ids.ts';
import type { Clock } from '../../mesh/clock.ts';
import type { Network } from '../../mesh/network.ts';
import type { AuditFrame } from '../../protocol/audit-frame.ts';
import type { AuditTerms, LoadStage } from '../../protocol/messages.ts';
import { holdersOf } from '../../session/holders.ts';
import type { AuditCounts, AuditEvidence, DeviceCard, PlanView } from '../../session/state.ts';
import type { AuditsLater } from './audits-later.ts';
import { Judge, ODD_RUNS, type Opinion } from './judge.ts';
import { type Pair, Pairs } from './pairs.ts';
import { Recomputations } from './recomputations.ts';
import { recomputersFor } from './recomputers-for.ts';

/** By then a second copy of the same run is here, if its link was broken: copies of one moment come by two ways. */
const SETTLE_MS = 100;
/** Runs that wait to be computed again; more are let go. */
const WAITING = 8;
/** Devices that are asked to compute a run again until one does. */
const TRIES = 2;

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
  /** When a run of a device that turned out right was handed on; before the first, when it got layers. */
  readonly #goodAt = new Map<PeerId, number>();
  /** Runs in a row that were off by bits. */
  readonly #odd = new Map<PeerId, number>();
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
    this.#goodAt.delete(peer);
    this.#odd.delete(peer);
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
    for (const peer of holders) if (!this.#goodAt.has(peer)) this.#goodAt.set(peer, clock.now());
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
    const { cards, traits, terms, network } = this.#options;
    const judge = new Judge({
      profileOf: (peer) => cards().get(peer)?.profile ?? null,
      traits: traits(),
      terms: await terms(plan, pair.stage, pair.holder),
      pair,
    });
    const { holder } = pair;
    const able = this.#shuffled(this.#able(plan, pair, [holder])).filter((peer) =>
      judge.comparable(holder, peer),
    );
    let one: Opinion | null = null;
    for (const peer of able.slice(0, TRIES)) {
      one ??= await this.#opinion(plan, pair, peer, [judge.alike(holder, peer) ? true : null]);
    }
    if (!one) return this.#count('skipped');
    const first = one.peer;
    const difference = judge.differenceFrom(one);
    if (this.#plan !== plan || difference === null) return;
    const right = judge.holds(difference, holder, first);
    const alike = judge.alike(holder, first);
    if (right && (difference.equal || !alike)) return this.#good(pair);
    // The runtime may hold weights in two ways, of which a device's memory decides.
    const other = alike ? await this.#opinion(plan, pair, first, [false]) : { peer: first, made: [] };
    if (!other || this.#plan !== plan) return;
    const both = { peer: first, made: [...one.made, ...other.made] };
    const ways = alike ? [true, false] : [null];
    if (right && judge.differenceFrom(both)?.equal) return this.#good(pair);
    const odd = (this.#odd.get(holder) ?? 0) + 1;
    this.#odd.set(holder, odd);
    if (right && odd < ODD_RUNS) return this.#count('checked');
    // Wrong, or right but for bits again and again: somebody else is asked, this device rather than another, and rather
    // another than the holder anew, which only this device can be sure to do.
    const bits = right;
    const me = network.me;
    const others = able.filter((peer) => peer !== me);
    const second = (holder === me ? [...others, me] : [me, ...others]).find(
      (peer) =>
        peer !== first &&
        this.#able(plan, pair, [first]).includes(peer) &&
        (bits ? judge.alike(holder, peer) : judge.comparable(holder, peer)),
    );
    const two = second === undefined ? null : await this.#opinion(plan, pair, second, ways);
    if (this.#plan !== plan) return;
    const evidence = (accused: PeerId, recomputedBy: readonly PeerId[]): AuditEvidence =>
      this.#evidence(plan, pair, accused, {
        difference: difference.relative,
        tolerance: bits ? 0 : judge.tolerance(holder, first),
        recomputedBy,
        times: bits ? odd : 1,
      });
    this.#count('checked');
    if (!two) {
      // One against one: what this device finds for itself is what it goes by.
      if (first === me) this.#options.found(holder, evidence(holder, [me]));
      else this.#undecided(holder, first);
      return;
    }
    const apart = judge.differenceFrom(two);
    const holderAgrees = apart !== null && (bits ? apart.equal : judge.holds(apart, holder, two.peer));
    const firstAgrees = judge.agree(both, two, bits);
    if (firstAgrees && !holderAgrees) this.#options.found(holder, evidence(holder, [first, two.peer]));
    else if (holderAgrees && !firstAgrees && !bits)
      this.#options.found(first, evidence(first, [...new Set([two.peer, holder])]));
    else this.#undecided(holder, first);
  }

  #good({ holder, at }: Pair): void {
    this.#goodAt.set(holder, at);
    this.#odd.delete(holder);
    this.#count('checked');
  }

  #undecided(holder: PeerId, other: PeerId): void {
    this.#count('undecided');
    this.#options.undecided(holder, other);
  }

  async #opinion(
    plan: PlanView,
    { stage, input }: Pair,
    peer: PeerId,
    ways: readonly (boolean | null)[],
  ): Promise<Opinion | null> {
    const made = [];
    for (const way of ways) {
      const terms = await this.#options.terms(plan, stage, peer);
      const tensors = await this.#recomputations.ask(peer, terms, way, input);
      if (!tensors) return null;
      made.push(tensors);
    }
    return { peer, made };
  }

  #able(plan: PlanView, { stage }: Pair, without: readonly PeerId[]): readonly PeerId[] {
    const { network, here, cards, isAside } = this.#options;
    const present = [network.me, ...here()].filter((peer) => !isAside(peer) && !without.includes(peer));
    return recomputersFor(plan, stage, present, cards());
  }

  #shuffled(peers: readonly PeerId[]): readonly PeerId[] {
    const from = peers.length === 0 ? 0 : this.#options.random32() % peers.length;
    return [...peers.slice(from), ...peers.slice(0, from)];
  }

  #evidence(
    plan: PlanView,
    { stage, origin, request }: Pair,
    accused: PeerId,
    found: { difference: number; tolerance: number; recomputedBy: readonly PeerId[]; times: number },
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
      difference: Number.isFinite(found.difference) ? found.difference : null,
      recomputedBy: found.recomputedBy.map((peer) => cards().get(peer)?.name ?? 'A device'),
      uncheckedMs: clock.now() - (this.#goodAt.get(accused) ?? clock.now()),
    };
  }

  #count(what: keyof AuditCounts): void {
    this.#counts = { ...this.#counts, [what]: this.#counts[what] + 1 };
    this.#options.counted(this.#counts);
  }
}
