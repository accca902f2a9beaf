import { messageOf } from '../errors.ts';
import type { Epoch, PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { DeviceTimes } from '../plan/profile.ts';
import type { PlanAnswer, Planner, PlanQuestion, PlanStory } from '../plan/question.ts';
import { isBetter, isWorthMoving, MEMORY_MS } from '../plan/replan.ts';
import type { Infeasible, PlanDevice } from '../plan/room.ts';
import type { LinkReport } from '../protocol/messages.ts';
import { holdersOf, holdsLayers } from '../session/holders.ts';
import { NO_RULES } from '../session/reduce.ts';
import type { DeviceCard, LoadReport, PlanMode, PlanRules, PlanView, Progress } from '../session/state.ts';
import type { PieceLedger } from '../weights/ledger.ts';
import { because, type Cause } from './because.ts';
import type { Calibration } from './calibrate.ts';
import type { OpenModel } from './leader.ts';
import { fitsAlongside, moveMs } from './move-cost.ts';
import { type Mover, withTrueWeights } from './mover.ts';
import { Paces } from './paces.ts';
import { type PlanningRoom, planningRoom } from './plan-room.ts';
import { plannedStages, planView, sameAssignment, withStory } from './plan-view.ts';
import { WorkWatch } from './work-watch.ts';

/** Several devices often become ready together: one plan for all of them. */
const SETTLE_MS = 250;
/** News of how the plan stands is told when it has changed by this much. */
const NEWS = 0.05;

/** A device that takes this much longer at work than it measured, and was left out, is asked again after a while. */
const SLOW = 1.3;
const LOOK_AGAIN_MS = 20_000;

export interface ReplannerOptions {
  readonly me: PeerId;
  readonly clock: Clock;
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
  readonly #cards = new Map<PeerId, DeviceCard>();
  readonly #links = new Map<PeerId, readonly LinkReport[]>();
  /** Devices that failed to load a stage of this model, and why: not asked again until the next model. */
  readonly #failed = new Map<PeerId, string>();
  readonly #paces = new Paces();
  /** What devices measured of this model. */
  readonly #times = new Map<PeerId, DeviceTimes>();
  readonly #work = new WorkWatch();
  /** Devices as measured, before what the items that pass have shown. */
  #measured: ReadonlyMap<string, PlanDevice> = new Map();
  #subject: Measured | undefined;
  #mode: PlanMode = 'everyone';
  #rules: PlanRules = NO_RULES;
  #plan: PlanView | null = null;
  #epoch = 0;
  /** The present plan may not stay if there is another one. */
  #forced = false;
  #cause: Cause | undefined;
  #betterSince: number | undefined;
  #runningSince = 0;
  /** When the plan was last left for a better one, though it worked. */
  #leftAt: number[] = [];
  /** Items of the present plan whose times have been learned from, by stage and device. */
  readonly #heard = new Map<string, number>();
  #timer: number | undefined;
  #deciding = false;
  #again = false;

  constructor(options: ReplannerOptions) {
    this.#options = options;
  }

  get plan(): PlanView | null {
    return this.#plan;
  }

  get cards(): ReadonlyMap<PeerId, DeviceCard> {
    return this.#cards;
  }

  /** Another model, measured on the leader's device; or none. What was planned before is void. */
  setModel(subject: Measured | undefined): void {
    this.#subject = subject;
    this.#options.mover.stop();
    this.#failed.clear();
    this.#paces.clear();
    if (!subject) this.#times.clear();
    this.#cause = undefined;
    this.#show(null);
    if (subject) this.#must(0);
  }

  setMode(mode: PlanMode): void {
    this.#mode = mode;
    this.#must();
  }

  setRules(rules: PlanRules): void {
    this.#rules = rules;
    this.#must();
  }

  cardChanged(card: DeviceCard): void {
    const before = this.#cards.get(card.peer);
    this.#cards.set(card.peer, card);
    const cause = causeOf(before, card);
    if (cause) this.#cause = cause;
    const news =
      JSON.stringify([before?.battery, before?.profile]) !== JSON.stringify([card.battery, card.profile]);
    if (cause || news || before?.status !== card.status) this.schedule();
  }

  linksReported(peer: PeerId, links: readonly LinkReport[]): void {
    this.#links.set(peer, links);
    this.schedule();
  }

  /** A device has measured the model, or measured it again. */
  timesKnown(peer: PeerId, times: DeviceTimes): void {
    this.#times.set(peer, times);
    this.#paces.forget(peer);
    // Before the first item there is nothing that a better plan could disturb.
    if (this.#heard.size === 0) this.#must();
    else this.schedule();
  }

  loadReported(peer: PeerId, load: LoadReport): void {
    const now = this.#options.clock.now();
    this.#work.heard(peer, load, now);
    this.#lookAgain(peer, now);
    if (this.#learn(peer, load, now)) this.schedule(0);
  }

  peerDown(peer: PeerId): void {
    const name = this.#nameOf(peer);
    this.#cards.delete(peer);
    this.#links.delete(peer);
    this.#failed.delete(peer);
    this.#paces.forget(peer);
    this.#work.forget(peer);
    const { mover } = this.#options;
    if (mover.under && holdsLayers(mover.under.plan, peer)) mover.stop();
    this.#cause = { kind: 'left', peer, name };
    if (holdsLayers(this.#plan, peer)) {
      this.#show(null);
      this.#must();
    } else this.schedule();
  }

  /** A device could not take or keep its stage: the room goes on without it. */
  exclude(peer: PeerId, why: string): void {
    this.#failed.set(peer, why);
    this.#options.warn(`${this.#nameOf(peer)} could not take its layers (${why}). The others share them.`);
    if (holdsLayers(this.#plan, peer)) this.#show(null);
    this.#must(0);
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
    const forced = this.#forced;
    const found = await this.#bestPlan(subject);
    // The model was changed meanwhile; that asks for a decision of its own.
    if (this.#subject !== subject) return;
    this.#forced = this.#forced && !forced;
    if ('infeasible' in found) {
      this.#options.mover.stop();
      this.#show(null);
      this.#options.warn(found.infeasible);
      return;
    }
    const view = this.#viewOf(found, subject);
    const target = this.#options.mover.under?.plan ?? this.#plan;
    if (target && sameAssignment(target, view)) return this.#confirm(found, view);
    if (!target || this.#mustLeave(target, view, found.answer, forced)) this.#move(subject, found, view);
    else if (this.#mayLeave(subject, target, view, found.answer)) {
      const now = this.#options.clock.now();
      this.#leftAt = [...this.#leftAt, now].filter((at) => now - at < MEMORY_MS);
      this.#move(subject, found, view);
    } else this.#tellStanding(found.answer);
  }

  #viewOf({ answer, planning }: Found, { calibration, model }: Measured): PlanView {
    const epoch = (this.#epoch + 1) as Epoch;
    const view = planView({ ...planning, epoch, mode: this.#mode, plan: answer.plan, calibration });
    return withTrueWeights(view, model);
  }

  /** The planner's best for the room as it is; conditions and pins that leave no plan at all are forgone, and said so. */
  async #bestPlan({ calibration }: Measured): Promise<Found | Infeasible> {
    let refusal: Infeasible = { infeasible: 'No device here is ready to hold layers yet.' };
    for (const forgo of ['nothing', 'conditions', 'pins'] as const) {
      const rules = forgo === 'pins' ? { ...this.#rules, pinnedIn: [] } : this.#rules;
      if (forgo === 'pins' && this.#rules.pinnedIn.length === 0) break;
      const planning = this.#planningRoom(calibration, rules, forgo === 'nothing');
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

  #planningRoom(calibration: Calibration, rules: PlanRules, strict: boolean): PlanningRoom {
    const { me, here } = this.#options;
    const present = new Set([me, ...here()]);
    const planning = planningRoom(
      {
        home: me,
        cards: [...this.#cards.values()].filter(({ peer }) => present.has(peer)),
        links: this.#links,
        failed: this.#failed,
        calibration,
        rules,
        paces: this.#paces,
        times: this.#times,
      },
      strict,
    );
    this.#measured = new Map(planning.measured.map((device) => [device.id, device]));
    return planning;
  }

  /** The plan is the best still: its numbers may have changed. */
  async #confirm({ question, answer }: Found, view: PlanView): Promise<void> {
    this.#betterSince = undefined;
    const plan = this.#plan;
    if (this.#options.mover.under || !plan) return;
    // Once items have passed, the prediction stands as it was made, to be compared with what is measured.
    if (this.#heard.size > 0) return this.#tellStanding(answer);
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
    const cards = [...this.#cards.values()];
    return isWorthMoving({
      presentMs,
      bestMs,
      betterForMs: now - (this.#betterSince ?? now),
      runningForMs: now - this.#runningSince,
      moves: this.#leftAt.filter((at) => now - at < MEMORY_MS).length,
      busyForMs: this.#work.busyForMs(now),
      moveMs: moveMs(target, view, model, this.#options.ledger(), this.#links),
      alongside: fitsAlongside(target, view, cards),
    });
  }

  #move(subject: Measured, { question, answer }: Found, view: PlanView): void {
    const { mover, progress, clock } = this.#options;
    const before = this.#plan;
    const cause = this.#cause ?? {
      kind: 'better',
      gain: (answer.presentMs ?? answer.bestMs) / answer.bestMs,
    };
    this.#cause = undefined;
    this.#betterSince = undefined;
    const why = before ? because(cause, before, view, (peer) => this.#nameOf(peer)) : undefined;
    const plan = { ...view, ...(why !== undefined && { because: why }) };
    this.#epoch = plan.epoch;
    const alongside = before?.status === 'running' && fitsAlongside(before, plan, [...this.#cards.values()]);
    if (alongside) progress({ step: 'Moving layers', fraction: null });
    else this.#show(plan);
    const story = this.#options.planner.tell(question, answer.plan).catch(() => undefined);
    const move = { plan, ...subject, alongside };
    void mover.bring(move).then(async (outcome) => {
      if (outcome.kind === 'superseded') return;
      if (alongside) progress(null);
      if (outcome.kind === 'failed') return this.exclude(outcome.peer, `${outcome.step}: ${outcome.message}`);
      this.#runningSince = clock.now();
      const running = alongside ? plan : (this.#plan ?? plan);
      this.#show({ ...running, status: 'running' });
      this.#addStory(await story, plan.epoch);
      await mover.running(move);
    });
    if (!alongside) void story.then((told) => this.#addStory(told, plan.epoch));
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
    if (plan?.epoch !== this.#plan?.epoch || plan === null) this.#heard.clear();
    if (JSON.stringify(plan) === JSON.stringify(this.#plan)) return;
    this.#plan = plan;
    this.#options.publish(plan);
  }

  /** Learns from the items that have passed a device since its last report. True when there were any. */
  #learn(peer: PeerId, { paces = [] }: LoadReport, now: number): boolean {
    const plan = this.#plan;
    const before = this.#paces.factor(peer);
    let learned = false;
    for (const { epoch, stage: index, ms, items } of paces) {
      const stage = plan?.epoch === epoch ? plan.stages[index] : undefined;
      const device = this.#measured.get(peer);
      const key = `${peer}/${index}`;
      if (!stage || !device || (this.#heard.get(key) ?? 0) >= items) continue;
      if (!holdersOf(stage).some((holder) => holder.peer === peer)) continue;
      this.#heard.set(key, items);
      const expected = device.blockMs.slice(stage.start, stage.end).reduce((sum, each) => sum + each, 0);
      this.#paces.learn(peer, ms, expected + (device.perItemMs ?? 0), now);
      learned = true;
    }
    const times = this.#paces.factor(peer) / before;
    if (learned && times > 1.3) this.#cause = { kind: 'slower', peer, times };
    if (learned && times < 1 / 1.3) this.#cause = { kind: 'quicker', peer, times: 1 / times };
    return learned;
  }

  /** A device that was slow when it last worked, and has been left out since, may have recovered: nobody else can tell. */
  #lookAgain(peer: PeerId, now: number): void {
    const slow = this.#paces.factor(peer) > SLOW;
    if (!slow || holdsLayers(this.#plan, peer) || now - (this.#paces.toldAt(peer) ?? now) < LOOK_AGAIN_MS)
      return;
    this.#paces.looked(peer, now);
    this.#options.remeasure(peer);
  }

  #nameOf(peer: PeerId): string {
    return this.#cards.get(peer)?.name ?? 'A device';
  }
}

function holderCount(plan: PlanView): number {
  return new Set(plan.stages.flatMap((stage) => holdersOf(stage).map(({ peer }) => peer))).size;
}

/** What a change of a device's card means for the plan. */
function causeOf(before: DeviceCard | undefined, { peer, name, ...card }: DeviceCard): Cause | undefined {
  if (card.status === 'ready' && before?.status !== 'ready') return { kind: 'joined', peer, name };
  if (before && before.hidden !== card.hidden) return { kind: card.hidden ? 'hidden' : 'shown', peer, name };
  if (card.pressure === 'critical' && before?.pressure !== 'critical') return { kind: 'hot', peer, name };
  return undefined;
}
