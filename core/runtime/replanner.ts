import { messageOf } from '../errors.ts';
import type { Epoch, PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { DeviceTimes } from '../plan/profile.ts';
import type { PlanAnswer, Planner } from '../plan/question.ts';
import type { Standing } from '../plan/replan.ts';
import type { Calibration } from '../protocol/calibration.ts';
import type { LinkReport } from '../protocol/messages.ts';
import { holdersOf, holdsLayers } from '../session/holders.ts';
import { NO_RULES } from '../session/reduce.ts';
import type { DeviceCard, LoadReport, PlanMode, PlanRules, PlanView, Progress } from '../session/state.ts';
import type { PieceLedger } from '../weights/ledger.ts';
import { GATHERING } from '../weights/missing-pieces.ts';
import { because, type Cause } from './because.ts';
import { bestPlan, type Found } from './best-plan.ts';
import { Decisions } from './decisions.ts';
import { FailedGatherings } from './failed-gatherings.ts';
import { fitsAlongside, moveMs } from './move-cost.ts';
import { type Mover, withTrueWeights } from './mover.ts';
import type { Measured } from './open-model.ts';
import { plannedStages, planView, sameAssignment, withStory } from './plan-view.ts';
import { PlansAhead } from './plans-ahead.ts';
import { mustLeave, ReasonsToMove } from './reasons-to-move.ts';
import { RoomBook } from './room-book.ts';
import type { Delivery } from './shard-courier.ts';
import type { Estate } from './take-over.ts';
import { epochOf, type Term, termOf } from './term.ts';
import { NEWS, ToldPlan } from './told-plan.ts';
import { WorkWatch } from './work-watch.ts';

/** A plan that works sooner after a loss is taken while its aim is at most this many times the best. */
const MUCH_WORSE = 2;
const MUCH_SOONER_MS = 200;
/** While a better plan is known, it is looked at again this often. */
const LOOK_AGAIN_MS = 3000;

export interface ReplannerOptions {
  readonly me: PeerId;
  readonly clock: Clock;
  /** Under which this device leads. */
  readonly term: Term;
  /** Begins another term, as this one has had all its plans. */
  readonly renew: () => Term;
  readonly planner: Planner;
  readonly mover: Pick<Mover, 'under' | 'bring' | 'stop' | 'running'>;
  readonly ledger: () => PieceLedger;
  /** Devices that are here now. */
  readonly here: () => readonly PeerId[];
  /** Asks a device to measure the model again. */
  readonly remeasure: (peer: PeerId) => void;
  readonly publish: (plan: PlanView | null) => void;
  readonly progress: (progress: Progress | null) => void;
  readonly warn: (message: string) => void;
}

/**
 * Keeps the plan fitting while devices come, go, slow down and recover. Everything that changes in the room leads to
 * one decision at a time: the planner says what would be best now, and the room moves there when it must, or when that
 * is worth it.
 */
export class Replanner {
  readonly #options: ReplannerOptions;
  readonly #book = new RoomBook();
  readonly #work = new WorkWatch();
  readonly #told: ToldPlan;
  readonly #decisions: Decisions;
  readonly #reasons = new ReasonsToMove();
  readonly #gatherings = new FailedGatherings();
  readonly #ahead: PlansAhead;
  #subject: Measured | undefined;
  #mode: PlanMode = 'everyone';
  #rules: PlanRules = NO_RULES;
  #epoch: Epoch;
  /** Ran until a holder was lost, whose layers nobody has loaded yet. */
  #broken: PlanView | undefined;
  /** The present plan may not stay if there is another one. */
  #forced = false;
  #cause: Cause | undefined;
  /** Why the move that is under way began. */
  #moving: Cause | undefined;

  constructor(options: ReplannerOptions) {
    this.#ahead = new PlansAhead(options.planner);
    this.#options = { ...options, planner: this.#ahead };
    this.#epoch = epochOf(options.term, 0);
    const { clock, publish, progress, warn } = options;
    this.#told = new ToldPlan({ publish, progress, replaced: () => this.#book.newPlan() });
    this.#decisions = new Decisions(
      clock,
      () => this.#decide(),
      // The plan that runs is left as it is; the next change in the room asks again.
      (error) => warn(`Could not plan: ${messageOf(error)}`),
    );
  }

  get plan(): PlanView | null {
    return this.#told.now;
  }

  /** Another leader made the plan, or this one under an earlier term. */
  get isInherited(): boolean {
    return this.plan !== null && termOf(this.plan.epoch) !== termOf(this.#epoch);
  }

  get calibration(): Calibration | undefined {
    return this.#subject?.calibration;
  }

  get cards(): ReadonlyMap<PeerId, DeviceCard> {
    return this.#book.cards;
  }

  /** Another model, measured on the leader's device; or none. What was planned before is void. */
  setModel(subject: Measured | undefined): void {
    this.#subject = subject;
    this.#gatherings.newModel();
    this.#ahead.forget();
    this.#options.mover.stop();
    this.#told.moving(false);
    if (!subject) this.#book.newModel();
    this.#cause = undefined;
    this.#broken = undefined;
    this.#told.show(null);
    if (subject) this.#must(0);
  }

  /** Takes over from another leader. The plan that runs goes on, if all who hold it are here; else there is a new one. */
  inherit(subject: Measured, { plan, mode, rules, times, left }: Estate): void {
    this.#subject = subject;
    this.#mode = mode;
    this.#rules = rules;
    const now = this.#options.clock.now();
    for (const [peer, measured] of times) this.#book.measured(peer, measured, now);
    const here = new Set([this.#options.me, ...this.#options.here()]);
    const holders = plan?.stages.flatMap((stage) => holdersOf(stage).map(({ peer }) => peer)) ?? [];
    if (left) this.#cause = { kind: 'left', ...left };
    if (plan?.status === 'running' && holders.every((peer) => here.has(peer))) {
      this.#told.inherit(plan);
      this.schedule();
    } else {
      if (plan?.status === 'running') this.#broken = plan;
      this.#must(0);
    }
  }

  /** This device leads on, under a later term. */
  setTerm(term: Term): void {
    this.#epoch = epochOf(term, 0);
  }

  /** What devices measured of the model. */
  get times(): ReadonlyMap<PeerId, DeviceTimes> {
    return this.#book.times;
  }

  setMode(mode: PlanMode): void {
    this.#mode = mode;
    this.#cause = { kind: 'mode' };
    this.#must();
  }

  setRules(rules: PlanRules): void {
    this.#rules = rules;
    this.#cause = { kind: 'rules' };
    this.#must();
  }

  cardChanged(card: DeviceCard): void {
    this.#note(this.#book.card(card, this.#rules));
  }

  linksReported(peer: PeerId, links: readonly LinkReport[]): void {
    this.#book.links.set(peer, links);
    this.schedule();
  }

  /** A device has measured the model, or measured it again. */
  timesKnown(peer: PeerId, times: DeviceTimes): void {
    this.#book.measured(peer, times, this.#options.clock.now());
    // A plan on its way, or in use, is left only where that pays: what was half fetched would be fetched again.
    this.schedule();
  }

  loadReported(peer: PeerId, load: LoadReport): void {
    const now = this.#options.clock.now();
    this.#work.heard(peer, load, now);
    this.#note(this.#book.learn(this.plan, peer, load, now), 0);
    const again = !holdsLayers(this.plan, peer) && this.#book.mayHaveRecovered(peer, now);
    const atRest = this.#work.busyForMs(now) === 0 && this.plan?.status === 'running';
    if (again || (atRest && this.#book.shouldMeasureAgain(peer, now))) this.#options.remeasure(peer);
  }

  peerDown(peer: PeerId): void {
    const name = this.#book.nameOf(peer);
    this.#book.forget(peer);
    this.#work.forget(peer);
    const { mover } = this.#options;
    if (mover.under && holdsLayers(mover.under.plan, peer)) mover.stop();
    if (!mover.under) this.#told.moving(false);
    this.#cause = { kind: 'left', peer, name };
    if (holdsLayers(this.plan, peer)) {
      this.#breaks();
      this.#must(0);
    } else this.schedule();
  }

  /** A device could not take or keep its stage: the room goes on without it. */
  exclude(peer: PeerId, why: string): void {
    this.#book.failed.set(peer, why);
    this.#options.warn(
      `${this.#book.nameOf(peer)} could not take its layers (${why}). The others share them.`,
    );
    if (holdsLayers(this.plan, peer)) this.#breaks();
    this.#must(0);
  }

  /** Weights have turned up: devices that could not gather theirs may try again. */
  readmit(): void {
    const { failed } = this.#book;
    const waiting = [...failed].filter(([, why]) => why.startsWith(GATHERING));
    for (const [peer] of waiting) failed.delete(peer);
    if (waiting.length > 0 || (this.#gatherings.lacks && this.#options.ledger().lacking === 0)) this.#must();
  }

  /** The plan said to run does not: a holder has given its stage up. */
  unload(): void {
    this.#told.show(null);
    this.#must(0);
  }

  /** These devices compute wrongly, and hold nothing; whoever is no longer among them may again. */
  setAside(aside: ReadonlySet<PeerId>): void {
    const before = this.#book.aside;
    const added = [...aside].find((peer) => !before.has(peer));
    const back = [...before].find((peer) => !aside.has(peer));
    this.#book.aside = aside;
    if (added !== undefined) {
      this.#cause = { kind: 'wrong', peer: added, name: this.#book.nameOf(added) };
      const { mover } = this.#options;
      if (mover.under && holdsLayers(mover.under.plan, added)) {
        mover.stop();
        this.#told.moving(false);
      }
      if (holdsLayers(this.plan, added)) this.#breaks();
      this.#must(0);
    } else if (back !== undefined) {
      this.#cause = { kind: 'back', peer: back, name: this.#book.nameOf(back) };
      this.#must();
    }
  }

  /** The plan is to be looked at soon. */
  schedule(delayMs?: number): void {
    this.#decisions.schedule(delayMs);
  }

  close(): void {
    this.#options.mover.stop();
    this.#subject = undefined;
    this.#decisions.close();
  }

  /** Something was learned of the room: the plan is to be looked at. */
  #note(what: Cause | 'news' | undefined, delayMs?: number): void {
    if (what === undefined) return;
    if (what !== 'news') this.#cause = what;
    this.schedule(delayMs);
  }

  /** A holder is lost. What the others hold is where it was. */
  #breaks(): void {
    if (this.plan?.status === 'running') this.#broken = this.plan;
    this.#told.show(null);
  }

  /** The next decision changes the plan if there is any other. */
  #must(delayMs?: number): void {
    this.#forced = true;
    this.schedule(delayMs);
  }

  async #decide(): Promise<void> {
    const subject = this.#subject;
    if (!subject) return;
    if (this.#gatherings.stillLack(this.#options.ledger().lacking)) return;
    const forced = this.#forced;
    const found = await bestPlan(this.#options, this.#book, subject.calibration, () => ({
      mode: this.#mode,
      rules: this.#rules,
      plan: this.plan,
      broken: this.#broken,
    }));
    // The model was changed meanwhile; that asks for a decision of its own.
    if (this.#subject !== subject) return;
    this.#forced = this.#forced && !forced;
    if ('infeasible' in found) {
      this.#options.mover.stop();
      this.#told.moving(false);
      this.#told.show(null);
      this.#options.warn(found.infeasible);
      return;
    }
    this.#prepare(found);
    const chosen = this.#chosen(found, subject);
    const view = this.#viewOf(chosen, subject);
    const target = this.#options.mover.under?.plan ?? this.plan;
    if (target && sameAssignment(target, view)) return this.#confirm(chosen, view, forced);
    if (!target || mustLeave(target, view, chosen.answer, { forced, inForce: target === this.plan }))
      this.#move(subject, chosen, view);
    else if (target === this.plan && this.#mayLeave(subject, target, view, chosen.answer)) {
      this.#reasons.left(this.#options.clock.now());
      this.#move(subject, chosen, view);
    } else {
      this.#told.standing(chosen.answer);
      // Whether the gain lasts is seen by looking again, also where nothing else happens.
      if (this.#reasons.arePending) this.schedule(LOOK_AGAIN_MS);
    }
  }

  /** While a plan runs there is time to plan for the loss of each device that holds layers. */
  #prepare({ question }: Found): void {
    const plan = this.plan;
    if (plan?.status !== 'running') return;
    this.#ahead.prepare(question, plannedStages(plan)).catch((error) => {
      this.#options.warn(`Could not plan ahead: ${messageOf(error)}`);
    });
  }

  /** What was lost put upon its neighbours, where that works much sooner: the room moves on at its leisure. */
  #chosen(found: Found, subject: Measured): Found {
    const { repaired, bestMs } = found.answer;
    const broken = this.#broken;
    if (!repaired || !broken || this.plan || repaired.aimMs > bestMs * MUCH_WORSE) return found;
    const mended = { ...found, answer: { ...found.answer, plan: repaired.plan } };
    const ms = (after: Found): number => {
      const view = this.#viewOf(after, subject);
      return moveMs(broken, view, subject.model, this.#options.ledger(), this.#book.links);
    };
    return ms(found) - ms(mended) > MUCH_SOONER_MS ? mended : found;
  }

  #viewOf({ answer, planning }: Found, { calibration, model }: Measured): PlanView {
    let epoch = (this.#epoch + 1) as Epoch;
    if (termOf(epoch) !== termOf(this.#epoch)) epoch = (epochOf(this.#options.renew(), 0) + 1) as Epoch;
    const view = planView({ ...planning, epoch, mode: this.#mode, plan: answer.plan, calibration });
    return withTrueWeights(view, model);
  }

  /** The plan is the best still: its numbers may have changed, or what it was chosen for. */
  async #confirm({ question, answer }: Found, view: PlanView, forced: boolean): Promise<void> {
    this.#reasons.clear();
    // What somebody chose changed nothing, and is no reason for what comes later.
    if (forced) this.#cause = undefined;
    const plan = this.plan;
    if (this.#options.mover.under || !plan) return;
    // Once items have passed, the prediction stands as it was made, to be compared with what is measured.
    if (this.#book.hasSeenItems && !forced) return this.#told.standing(answer);
    const story = await this.#options.planner.tell(question, answer.plan);
    if (this.plan !== plan) return;
    const { epoch, status, because: why } = plan;
    this.#told.show({ ...withStory(view, story), epoch, status, ...(why !== undefined && { because: why }) });
  }

  /** The plan works, and a better one is worth the move. */
  #mayLeave({ model }: Measured, plan: PlanView, view: PlanView, answer: PlanAnswer): boolean {
    if (plan.status === 'loading') return false;
    const { clock, ledger } = this.#options;
    const cost = (): Pick<Standing, 'moveMs' | 'alongside'> => ({
      moveMs: moveMs(plan, view, model, ledger(), this.#book.links),
      alongside: this.#fitsAlongside(plan, view),
    });
    return this.#reasons.mayLeave(answer, this.#work, cost, clock.now());
  }

  #fitsAlongside(before: PlanView, after: PlanView): boolean {
    return fitsAlongside(before, after, [...this.#book.cards.values()]);
  }

  #move(subject: Measured, { question, answer }: Found, view: PlanView): void {
    const { mover, clock } = this.#options;
    const before = this.plan;
    const gain = (answer.presentMs ?? answer.bestMs) / answer.bestMs;
    // A move that another overtakes had its reason still.
    const reason = this.#cause ?? (mover.under ? this.#moving : undefined);
    const cause: Cause | undefined = reason ?? (gain > 1 + NEWS ? { kind: 'better', gain } : undefined);
    this.#moving = cause;
    this.#cause = undefined;
    this.#reasons.clear();
    const why = before && cause ? because(cause, before, view, (peer) => this.#book.nameOf(peer)) : undefined;
    const plan = { ...view, ...(why !== undefined && { because: why }) };
    this.#epoch = plan.epoch;
    const alongside = before?.status === 'running' && this.#fitsAlongside(before, plan);
    this.#told.moving(alongside);
    if (!alongside) this.#told.show(plan);
    const story = this.#options.planner.tell(question, answer.plan).catch(() => undefined);
    const move = { plan, ...subject, alongside };
    const arrived = mover.bring(move).then(async (outcome) => {
      if (outcome.kind === 'superseded') return;
      this.#told.moving(false);
      if (outcome.kind === 'failed') return this.#failed(outcome);
      this.#gatherings.arrived();
      this.#broken = undefined;
      this.#reasons.runs(clock.now());
      const running = alongside ? plan : (this.plan ?? plan);
      this.#told.show({ ...running, status: 'running' });
      await mover.running(move);
      this.#told.addStory(await story, plan.epoch);
      this.schedule();
    });
    arrived.catch((error) => this.#options.warn(`Could not go over to a plan: ${messageOf(error)}`));
    if (!alongside) void story.then((told) => this.#told.addStory(told, plan.epoch));
  }

  #failed({ peer, step, message }: Extract<Delivery, { kind: 'failed' }>): void {
    const { ledger, warn } = this.#options;
    const { lacking } = ledger();
    if (step === GATHERING && lacking > 0) {
      // No fault of the device: any other would lack them, too.
      const parts = lacking === 1 ? 'One part' : `${lacking} parts`;
      warn(
        `${parts} of the model's weights were only on a device that left. The room goes on when it is back, or when the model is opened again.`,
      );
      this.#gatherings.lack();
      this.#told.show(null);
    } else if (step === GATHERING && this.#gatherings.mayTryAgain(peer)) this.unload();
    else this.exclude(peer, `${step}: ${message}`);
  }
}
