import { messageOf } from '../errors.ts';
import type { PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { Planner } from '../plan/question.ts';
import type { AuditFrame } from '../protocol/audit-frame.ts';
import type { HeldPiece, LinkReport, PartsMeasured } from '../protocol/messages.ts';
import type { SessionEvent } from '../session/events.ts';
import { holdersOf } from '../session/holders.ts';
import type { DeviceCard, LoadReport, PlanMode, PlanRules, PlanView } from '../session/state.ts';
import { Announcer } from './announcer.ts';
import { RoomAudits } from './audit/room-audits.ts';
import type { LeaderEars } from './leader-ears.ts';
import type { LeaderParts } from './leader-parts.ts';
import { LegacyDesk } from './legacy-desk.ts';
import type { Member } from './member.ts';
import { Mover } from './mover.ts';
import type { OpenModel } from './open-model.ts';
import { Opening } from './opening.ts';
import { PartSurvey } from './part-survey.ts';
import { Replanner } from './replanner.ts';
import { seated } from './seats.ts';
import { ShardCourier } from './shard-courier.ts';
import type { ExecutorOptions } from './stage-executor.ts';
import { type Takeover, untilFollowed } from './take-over.ts';
import type { Term } from './term.ts';
import { TurnDesk } from './turn-desk.ts';
import { WeightsDesk } from './weights-desk.ts';

export interface LeaderOptions {
  readonly member: Member;
  readonly term: Term;
  readonly takeover?: Takeover;
  readonly network: Network;
  readonly clock: Clock;
  readonly planner: Planner;
  readonly runtime: () => ExecutorOptions;
  /** Whole numbers below 2^32 that nobody can guess: without them nothing is audited. */
  readonly random32?: () => number;
  readonly emit: (event: SessionEvent) => void;
}

/**
 * Opens models for the room, shares them out, and tells everybody what the plan is. What runs where is the
 * {@link Replanner}'s to decide; who has which weights, the {@link WeightsDesk}'s to know.
 */
export class Leader implements LeaderEars {
  readonly #parts: LeaderParts;
  readonly #turns: TurnDesk;
  readonly #opening: Opening;
  readonly #legacy: LegacyDesk;
  readonly #audits: RoomAudits;

  constructor(options: LeaderOptions) {
    const { member, network, clock, takeover } = options;
    this.#parts = this.#join(options);
    this.#turns = new TurnDesk(clock, ({ peer, ticket }, place) => {
      if (peer === member.me) member.turns.told(ticket, place);
      else network.sendControl(peer, { type: 'turn', ticket, place });
    });
    this.#opening = new Opening(this.#parts);
    this.#legacy = new LegacyDesk(this.#parts, () => this.model);
    this.#audits = new RoomAudits(this.#parts, () => this.model, options.random32);
    if (takeover?.setAside?.length) this.#audits.keepAside(takeover.setAside);
    for (const card of member.cards.values()) this.#parts.replanner.cardChanged(card);
    member.lead(this);
    this.#seat();
    if (takeover) void this.#takeOver(takeover);
  }

  #join({ member, network, clock, planner, runtime, emit, term, takeover }: LeaderOptions): LeaderParts {
    const plan = (): PlanView | null => replanner.plan;
    const announcer = new Announcer({ network, clock, emit, plan }, takeover !== undefined);
    if (takeover) announcer.note({ mode: takeover.mode, rules: takeover.rules, seats: takeover.seats });
    const { shelf } = member.weights;
    const courier = new ShardCourier(network, member.host, shelf, clock);
    const desk = new WeightsDesk({ member, network, clock, suspect: (peer) => this.#suspect(peer) });
    const survey = new PartSurvey({
      network,
      shelf,
      own: (message) => member.times.measure(message),
      measured: (peer, times) => replanner.timesKnown(peer, times),
    });
    const replanner: Replanner = new Replanner({
      me: member.me,
      clock,
      term,
      renew: () => member.renewTerm(),
      planner: member.tracing.planning(planner),
      mover: new Mover(courier, desk),
      ledger: () => desk.ledger,
      here: () => member.followers,
      remeasure: (peer) => survey.ask(peer, { fresh: true }),
      publish: (plan) => this.#publishPlan(plan),
      progress: (progress) => announcer.prepare(progress),
      warn: (message) => announcer.warn(message),
    });
    return { member, network, clock, runtime, emit, announcer, courier, desk, survey, replanner };
  }

  /** This device leads on, under a later term. */
  setTerm(term: Term): void {
    this.#parts.replanner.setTerm(term);
  }

  /** The model that is open. */
  get model(): OpenModel | undefined {
    return this.#opening.model;
  }

  /** Measures a model on this device, then shares it out. Replaces the model before. False when it does not run here. */
  open(model: OpenModel): Promise<boolean> {
    return this.#opening.open(model);
  }

  /** Gives the model up, and with it whatever is being measured or loaded. */
  drop(): void {
    const { clock, emit, announcer } = this.#parts;
    this.#opening.drop();
    this.#legacy.clear();
    announcer.prepare(null);
    emit({ type: 'ModelChanged', model: { kind: 'none' }, at: clock.now() });
    announcer.tellModel(null);
  }

  setMode(mode: PlanMode): void {
    const { announcer, replanner } = this.#parts;
    if (JSON.stringify(mode) === JSON.stringify(announcer.announced.mode)) return;
    announcer.announce({ mode }, { type: 'ModeChanged', mode });
    replanner.setMode(mode);
  }

  setRules(rules: PlanRules): void {
    const { announcer, replanner } = this.#parts;
    this.#audits.desk.setRules(rules);
    announcer.announce({ rules }, { type: 'RulesChanged', rules });
    replanner.setRules(rules);
  }

  /** A device that was set aside may take part again. */
  letIn(peer: PeerId): void {
    this.#audits.letIn(peer);
  }

  close(): void {
    const { replanner, survey, courier, desk } = this.#parts;
    this.#opening.close();
    replanner.close();
    survey.stop();
    courier.close();
    this.#turns.close();
    desk.drop();
    this.#legacy.close();
    this.#audits.desk.close();
  }

  peerUp(peer: PeerId): void {
    const { announcer, desk, replanner, survey } = this.#parts;
    announcer.greet(peer);
    this.#legacy.tell(peer);
    this.#audits.desk.peerUp(peer);
    this.#legacy.leave(replanner.plan);
    desk.seek(peer);
    announcer.publish();
    if (replanner.cards.get(peer)?.status === 'ready') survey.ask(peer);
    replanner.schedule();
  }

  peerDown(peer: PeerId): void {
    const { courier, desk, replanner, survey } = this.#parts;
    survey.forget(peer);
    replanner.peerDown(peer);
    courier.forget(peer);
    desk.gone(peer);
    this.#legacy.peerDown(peer);
    this.#turns.forget(peer);
    this.#audits.desk.peerDown(peer);
    this.#seat();
  }

  cardChanged(card: DeviceCard): void {
    const { member, replanner, survey } = this.#parts;
    const { me, followers } = member;
    const known = replanner.cards.has(card.peer);
    replanner.cardChanged(card);
    if (!known) this.#seat();
    if (card.status === 'ready' && (card.peer === me || followers.includes(card.peer))) survey.ask(card.peer);
    if (card.peer === me && card.status !== 'measuring') this.#opening.goOn();
  }

  linksReported(peer: PeerId, links: readonly LinkReport[]): void {
    this.#parts.replanner.linksReported(peer, links);
  }

  loadReported(peer: PeerId, load: LoadReport): void {
    this.#parts.replanner.loadReported(peer, load);
  }

  stageReady(peer: PeerId, epoch: number, stage: number): void {
    this.#parts.courier.ready(peer, epoch, stage);
  }

  stageFailed(peer: PeerId, epoch: number, stage: number, step: string, message: string): void {
    const { courier, replanner } = this.#parts;
    courier.failed(peer, epoch, stage, step, message);
    const { plan } = replanner;
    const holders = plan?.epoch === epoch && plan.status === 'running' ? plan.stages[stage] : undefined;
    if (holders && holdersOf(holders).some((holder) => holder.peer === peer)) {
      // Once for each leader: whoever gives up what this one had it load is left out.
      if (step === 'reuse' && replanner.isInherited) replanner.unload();
      else replanner.exclude(peer, `${step}: ${message}`);
    }
  }

  stageProgress(peer: PeerId, epoch: number): void {
    this.#parts.courier.progressed(peer, epoch);
  }

  partsMeasured(peer: PeerId, message: PartsMeasured): void {
    this.#parts.survey.heard(peer, message);
  }

  piecesHeld(peer: PeerId, model: string, pieces: readonly HeldPiece[]): void {
    const { desk, replanner } = this.#parts;
    const { lacking } = desk.ledger;
    desk.held(peer, model, pieces);
    this.#legacy.weightsMoved();
    if (desk.ledger.lacking < lacking) replanner.readmit();
  }

  pieceCorrupt(model: string, id: number, from: PeerId): void {
    this.#parts.desk.corrupt(model, id, from);
  }

  turnWanted(peer: PeerId, ticket: number, held: boolean): void {
    this.#turns.want(peer, ticket, held);
  }

  turnEnded(peer: PeerId, ticket: number): void {
    this.#turns.end(peer, ticket);
  }

  auditFrame(peer: PeerId, frame: AuditFrame): void {
    this.#audits.desk.frame(peer, frame);
  }

  recomputeRefused(peer: PeerId, ticket: number): void {
    this.#audits.desk.refused(peer, ticket);
  }

  async #takeOver({ subject, ...estate }: Takeover): Promise<void> {
    const { announcer, courier, desk, replanner, survey } = this.#parts;
    this.#audits.desk.setRules(estate.rules);
    const { count } = this.#opening;
    const found = await subject.catch((error: unknown) => {
      announcer.warn(`The model could not be taken over: ${messageOf(error)}`);
      return null;
    });
    // Somebody has chosen another one meanwhile, or leads.
    if (count !== this.#opening.count) return;
    if (!found) {
      this.drop();
      return;
    }
    const { model, calibration } = found;
    this.#opening.assume(model);
    await survey.begin(model, calibration, desk.key, new Set(estate.times.map(([peer]) => peer)));
    if (estate.plan) await courier.assume(estate.plan, model);
    await untilFollowed(this.#parts);
    if (count !== this.#opening.count) return;
    announcer.silent = false;
    announcer.tellModel(model.card);
    replanner.inherit(found, estate);
    announcer.publish();
    this.#opening.surveyAll();
  }

  #publishPlan(plan: PlanView | null): void {
    const { member, clock, emit, announcer } = this.#parts;
    emit({ type: 'PlanChanged', plan, at: clock.now() });
    member.setPlan(plan);
    this.#audits.desk.follow(plan);
    announcer.publish();
    this.#legacy.leave(plan);
  }

  #seat(): void {
    const { announcer, replanner } = this.#parts;
    const seats = seated(announcer.announced.seats, new Set(replanner.cards.keys()));
    announcer.announce({ seats }, { type: 'SeatsChanged', seats });
  }

  #suspect(peer: PeerId): void {
    const { announcer, replanner } = this.#parts;
    const name = replanner.cards.get(peer)?.name ?? 'A device';
    announcer.warn(`${name} sent damaged weights. They were thrown away and are fetched from elsewhere.`);
  }
}
