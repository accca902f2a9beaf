import { messageOf } from '../errors.ts';
import type { Epoch, PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { DeviceTimes } from '../plan/profile.ts';
import type { PlanAnswer, Planner, PlanQuestion, PlanStory } from '../plan/question.ts';
import { isBetter, isWorthMoving, MEMORY_MS } from '../plan/replan.ts';
import type { Infeasible } from '../plan/room.ts';
import type { Calibration } from '../protocol/calibration.ts';
import type { Inheritance } from '../protocol/inheritance.ts';
import type { LinkReport } from '../protocol/messages.ts';
import { holdersOf, holdsLayers } from '../session/holders.ts';
import { NO_RULES } from '../session/reduce.ts';
import type {
  DeviceCard,
  LoadReport,
  PlanMode,
  PlanRules,
  PlanView,
  Progress,
  SetAside,
} from '../session/state.ts';
import type { PieceLedger } from '../weights/ledger.ts';
import { GATHERING } from '../weights/missing-pieces.ts';
import { because, type Cause } from './because.ts';
import type { OpenModel } from './leader.ts';
import { fitsAlongside, moveMs } from './move-cost.ts';
import { type Mover, withTrueWeights } from './mover.ts';
import type { PlanningRoom } from './plan-room.ts';
import { plannedStages, planView, sameAssignment, withStory } from './plan-view.ts';
import { RoomBook } from './room-book.ts';
import type { Delivery } from './shard-courier.ts';
import { epochOf, type Term, termOf } from './term.ts';
import { WorkWatch } from './work-watch.ts';

/** Several devices often become ready together: one plan for all of them. */
const SETTLE_MS = 250;
/** While a better plan is known, it is looked at again this often. */
const LOOK_AGAIN_MS = 3000;
/** A device that cannot gather its weights so often in a row is left out, until others turn up. */
const GATHERINGS = 3;
/** News of how the plan stands is told when it has changed by this much. */
const NEWS = 0.05;

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

/** What a leader finds in a room that another has led. */
export interface Estate {
  readonly plan: PlanView | null;
  readonly mode: PlanMode;
  readonly rules: PlanRules;
  readonly setAside?: readonly SetAside[];
  readonly times: Inheritance['times'];
  /** The leader before, if it is gone. */
  readonly left: { readonly peer: PeerId; readonly name: string } | null;
}

/** A model that has been measured. */
export interface Measured {
  readonly model: OpenModel;
  readonly calibration: Calibration;
}

/** What the planner found, and what it was asked. */
interface Found {
  readonly question: PlanQuestion;
  readonly answer: PlanAnswer;
  readonly planning: PlanningRoom;
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
  #subject: Measured | undefined;
  #mode: PlanMode = 'everyone';
  #rules: PlanRules = NO_RULES;
  #plan: PlanView | null = null;
  #epoch: Epoch;
  /** The present plan may not stay if there is another one. */
  #forced = false;
  #cause: Cause | undefined;
  /** Why the move that is under way began. */
  #moving: Cause | undefined;
  /** People are told that layers move while the plan before goes on. */
  #tellsMoving = false;
  #betterSince: number | undefined;
  #runningSince = 0;
  /** When the plan was last left for a better one, though it worked. */
  #leftAt: number[] = [];
  #timer: number | undefined;
  /** Weights are on no device that is here: nothing can be brought until they are. */
  #lacks = false;
  /** How often each device could not gather its weights in a row. */
  readonly #gatherings = new Map<PeerId, number>();
  #deciding = false;
  #again = false;

  constructor(options: ReplannerOptions) {
    this.#options = options;
    this.#epoch = epochOf(options.term, 0);
  }

  get plan(): PlanView | null {
    return this.#plan;
  }

  /** Another leader made the plan, or this one under an earlier term. */
  get isInherited(): boolean {
    return this.#plan !== null && termOf(this.#plan.epoch) !== termOf(this.#epoch);
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
    this.#lacks = false;
    this.#gatherings.clear();
    this.#options.mover.stop();
    this.#tellMoving(false);
    if (!subject) this.#book.newModel();
    this.#cause = undefined;
    this.#show(null);
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
      this.#plan = plan;
      this.#options.publish(plan);
      this.schedule();
    } else this.#must(0);
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
    this.#note(this.#book.learn(this.#plan, peer, load, now), 0);
    const again = !holdsLayers(this.#plan, peer) && this.#book.mayHaveRecovered(peer, now);
    const atRest = this.#work.busyForMs(now) === 0 && this.#plan?.status === 'running';
    if (again || (atRest && this.#book.shouldMeasureAgain(peer, now))) this.#options.remeasure(peer);
  }

  peerDown(peer: PeerId): void {
    const name = this.#book.nameOf(peer);
    this.#book.forget(peer);
    this.#work.forget(peer);
    const { mover } = this.#options;
    if (mover.under && holdsLayers(mover.under.plan, peer)) mover.stop();
    if (!mover.under) this.#tellMoving(false);
    this.#cause = { kind: 'left', peer, name };
    if (holdsLayers(this.#plan, peer)) {
      this.#show(null);
      this.#must(0);
    } else this.schedule();
  }

  /** A device could not take or keep its stage: the room goes on without it. */
  exclude(peer: PeerId, why: string): void {
    this.#book.failed.set(peer, why);
    this.#options.warn(
      `${this.#book.nameOf(peer)} could not take its layers (${why}). The others share them.`,
    );
    if (holdsLayers(this.#plan, peer)) this.#show(null);
    this.#must(0);
  }

  /** Weights have turned up: devices that could not gather theirs may try again. */
  readmit(): void {
    const { failed } = this.#book;
    const waiting = [...failed].filter(([, why]) => why.startsWith(GATHERING));
    for (const [peer] of waiting) failed.delete(peer);
    if (waiting.length > 0 || (this.#lacks && this.#options.ledger().lacking === 0)) this.#must();
  }

  /** The plan said to run does not: a holder has given its stage up. */
  unload(): void {
    this.#show(null);
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
        this.#tellMoving(false);
      }
      if (holdsLayers(this.#plan, added)) this.#show(null);
      this.#must(0);
    } else if (back !== undefined) {
      this.#cause = { kind: 'back', peer: back, name: this.#book.nameOf(back) };
      this.#must();
    }
  }

  schedule(delayMs: number = SETTLE_MS): void {
    const { clock } = this.#options;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      void this.#decideInTurn();
    }, delayMs);
  }

  close(): void {
    this.#options.mover.stop();
    this.#subject = undefined;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
  }

  /** Something was learned of the room: the plan is to be looked at. */
  #note(what: Cause | 'news' | undefined, delayMs?: number): void {
    if (what === undefined) return;
    if (what !== 'news') this.#cause = what;
    this.schedule(delayMs);
  }

  /** The next decision changes the plan if there is any other. */
  #must(delayMs?: number): void {
    this.#forced = true;
    this.schedule(delayMs);
  }

  /** One decision at a time; whatever happens meanwhile asks for one more. */
  async #decideInTurn(): Promise<void> {
    this.#again = true;
    if (this.#deciding) return;
    this.#deciding = true;
    try {
      while (this.#again) {
        this.#again = false;
        await this.#decide();
      }
    } catch (error) {
      // The plan that runs is left as it is; the next change in the room asks again.
      this.#options.warn(`Could not plan: ${messageOf(error)}`);
    } finally {
      this.#deciding = false;
    }
  }

  async #decide(): Promise<void> {
    const subject = this.#subject;
    if (!subject) return;
    this.#lacks &&= this.#options.ledger().lacking > 0;
    if (this.#lacks) return;
    const forced = this.#forced;
    const found = await this.#bestPlan(subject);
    // The model was changed meanwhile; that asks for a decision of its own.
    if (this.#subject !== subject) return;
    this.#forced = this.#forced && !forced;
    if ('infeasible' in found) {
      this.#options.mover.stop();
      this.#tellMoving(false);
      this.#show(null);
      this.#options.warn(found.infeasible);
      return;
    }
    const view = this.#viewOf(found, subject);
    const target = this.#options.mover.under?.plan ?? this.#plan;
    if (target && sameAssignment(target, view)) return this.#confirm(found, view, forced);
    if (!target || this.#mustLeave(target, view, found.answer, forced)) this.#move(subject, found, view);
    else if (this.#mayLeave(subject, target, view, found.answer)) {
      const now = this.#options.clock.now();
      this.#leftAt = [...this.#leftAt, now].filter((at) => now - at < MEMORY_MS);
      this.#move(subject, found, view);
    } else {
      this.#tellStanding(found.answer);
      // Whether the gain lasts is seen by looking again, also where nothing else happens.
      if (this.#betterSince !== undefined) this.schedule(LOOK_AGAIN_MS);
    }
  }

  #viewOf({ answer, planning }: Found, { calibration, model }: Measured): PlanView {
    let epoch = (this.#epoch + 1) as Epoch;
    if (termOf(epoch) !== termOf(this.#epoch)) epoch = (epochOf(this.#options.renew(), 0) + 1) as Epoch;
    const view = planView({ ...planning, epoch, mode: this.#mode, plan: answer.plan, calibration });
    return withTrueWeights(view, model);
  }

  /** The planner's best for the room as it is; conditions and pins that leave no plan at all are forgone, and said so. */
  async #bestPlan({ calibration }: Measured): Promise<Found | Infeasible> {
    const { me, here } = this.#options;
    let refusal: Infeasible = { infeasible: 'No device here is ready to hold layers yet.' };
    for (const forgo of ['nothing', 'conditions', 'pins'] as const) {
      const rules = forgo === 'pins' ? { ...this.#rules, pinnedIn: [] } : this.#rules;
      if (forgo === 'pins' && this.#rules.pinnedIn.length === 0) break;
      const planning = this.#book.room(me, here(), calibration, rules, forgo === 'nothing');
      if (planning.room.devices.length === 0) continue;
      const present = this.#plan && plannedStages(this.#plan);
      const question = { room: planning.room, mode: this.#mode, present };
      const answer = await this.#options.planner.decide(question);
      if (!('infeasible' in answer)) {
        if (forgo === 'pins')
          this.#options.warn(`Not every device that you chose can take part. ${refusal.infeasible}`);
        return { question, answer, planning };
      }
      refusal = answer;
    }
    return refusal;
  }

  /** The plan is the best still: its numbers may have changed, or what it was chosen for. */
  async #confirm({ question, answer }: Found, view: PlanView, forced: boolean): Promise<void> {
    this.#betterSince = undefined;
    // What somebody chose changed nothing, and is no reason for what comes later.
    if (forced) this.#cause = undefined;
    const plan = this.#plan;
    if (this.#options.mover.under || !plan) return;
    // Once items have passed, the prediction stands as it was made, to be compared with what is measured.
    if (this.#book.hasSeenItems && !forced) return this.#tellStanding(answer);
    const story = await this.#options.planner.tell(question, answer.plan);
    if (this.#plan !== plan) return;
    const { epoch, status, because: why } = plan;
    this.#show({ ...withStory(view, story), epoch, status, ...(why !== undefined && { because: why }) });
  }

  /** The plan cannot stay, or has not begun to work. */
  #mustLeave(target: PlanView, view: PlanView, { presentMs }: PlanAnswer, forced: boolean): boolean {
    const more = view.mode === 'everyone' && holderCount(view) > holderCount(target);
    if (forced || more) return true;
    // A plan on its way is let arrive: what is measured meanwhile is measured while devices load.
    if (target !== this.#plan) return false;
    return presentMs === null;
  }

  /** The plan works, and a better one is worth the move. */
  #mayLeave({ model }: Measured, target: PlanView, view: PlanView, answer: PlanAnswer): boolean {
    if (target !== this.#plan || target.status === 'loading') return false;
    const { presentMs, bestMs } = answer;
    if (presentMs === null) return false;
    const now = this.#options.clock.now();
    if (!isBetter(presentMs, bestMs)) this.#betterSince = undefined;
    else this.#betterSince ??= now;
    // What only a change of plan would lose outweighs any gain.
    if (this.#work.keepsStates) return false;
    const cards = [...this.#book.cards.values()];
    return isWorthMoving({
      presentMs,
      bestMs,
      betterForMs: now - (this.#betterSince ?? now),
      runningForMs: now - this.#runningSince,
      moves: this.#leftAt.filter((at) => now - at < MEMORY_MS).length,
      busyForMs: this.#work.busyForMs(now),
      moveMs: moveMs(target, view, model, this.#options.ledger(), this.#book.links),
      alongside: fitsAlongside(target, view, cards),
    });
  }

  #move(subject: Measured, { question, answer }: Found, view: PlanView): void {
    const { mover, clock } = this.#options;
    const before = this.#plan;
    const gain = (answer.presentMs ?? answer.bestMs) / answer.bestMs;
    // A move that another overtakes had its reason still.
    const reason = this.#cause ?? (mover.under ? this.#moving : undefined);
    const cause: Cause | undefined = reason ?? (gain > 1 + NEWS ? { kind: 'better', gain } : undefined);
    this.#moving = cause;
    this.#cause = undefined;
    this.#betterSince = undefined;
    const why = before && cause ? because(cause, before, view, (peer) => this.#book.nameOf(peer)) : undefined;
    const plan = { ...view, ...(why !== undefined && { because: why }) };
    this.#epoch = plan.epoch;
    const alongside =
      before?.status === 'running' && fitsAlongside(before, plan, [...this.#book.cards.values()]);
    this.#tellMoving(alongside);
    if (!alongside) this.#show(plan);
    const story = this.#options.planner.tell(question, answer.plan).catch(() => undefined);
    const move = { plan, ...subject, alongside };
    void mover.bring(move).then(async (outcome) => {
      if (outcome.kind === 'superseded') return;
      this.#tellMoving(false);
      if (outcome.kind === 'failed') return this.#failed(outcome);
      this.#gatherings.clear();
      this.#runningSince = clock.now();
      const running = alongside ? plan : (this.#plan ?? plan);
      this.#show({ ...running, status: 'running' });
      await mover.running(move);
      this.#addStory(await story, plan.epoch);
    });
    if (!alongside) void story.then((told) => this.#addStory(told, plan.epoch));
  }

  #failed({ peer, step, message }: Extract<Delivery, { kind: 'failed' }>): void {
    const { ledger, warn } = this.#options;
    const { lacking } = ledger();
    if (step !== GATHERING) {
      this.exclude(peer, `${step}: ${message}`);
      return;
    }
    if (lacking === 0) {
      // They are there by now: what arrived damaged, or from a device that left, may be had in the next attempt.
      const tries = (this.#gatherings.get(peer) ?? 0) + 1;
      this.#gatherings.set(peer, tries);
      if (tries < GATHERINGS) this.unload();
      else this.exclude(peer, `${step}: ${message}`);
      return;
    }
    // No fault of the device: any other would lack them, too.
    const parts = lacking === 1 ? 'One part' : `${lacking} parts`;
    warn(
      `${parts} of the model's weights were only on a device that left. The room goes on when it is back, or when the model is opened again.`,
    );
    this.#lacks = true;
    this.#show(null);
  }

  #tellMoving(moves: boolean): void {
    if (moves === this.#tellsMoving) return;
    this.#tellsMoving = moves;
    this.#options.progress(moves ? { step: 'Moving layers', fraction: null } : null);
  }

  #addStory(story: PlanStory | undefined, epoch: Epoch): void {
    if (story && this.#plan?.epoch === epoch) this.#show(withStory(this.#plan, story));
  }

  /** How the plan that runs stands against the best one now. */
  #tellStanding({ presentMs, bestMs }: PlanAnswer): void {
    const plan = this.#plan;
    if (plan?.status !== 'running' || presentMs === null) return;
    const near = (a: number, b: number): boolean => Math.abs(a - b) <= NEWS * Math.max(a, b);
    const { now } = plan;
    if (now && near(now.presentMs, presentMs) && near(now.bestMs, bestMs)) return;
    this.#show({ ...plan, now: { presentMs, bestMs } });
  }

  #show(plan: PlanView | null): void {
    if (plan?.epoch !== this.#plan?.epoch || plan === null) this.#book.newPlan();
    if (JSON.stringify(plan) === JSON.stringify(this.#plan)) return;
    this.#plan = plan;
    this.#options.publish(plan);
  }
}

function holderCount(plan: PlanView): number {
  return new Set(plan.stages.flatMap((stage) => holdersOf(stage).map(({ peer }) => peer))).size;
}
