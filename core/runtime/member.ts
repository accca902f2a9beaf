import type { PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { SessionEvent } from '../session/events.ts';
import { holdsLayers } from '../session/holders.ts';
import type { DeviceCard, PlanView, SetAside } from '../session/state.ts';
import type { OriginFactory } from '../weights/origin.ts';
import type { Shelf } from '../weights/shelf.ts';
import { Activations } from './activations.ts';
import type { Asker } from './asker.ts';
import { AuditsLater } from './audit/audits-later.ts';
import { DoubtsLater } from './audit/doubts-later.ts';
import { Cards } from './cards.ts';
import { FromLeader, type RoomTold } from './from-leader.ts';
import type { Inherited } from './heir.ts';
import type { LeaderEars } from './leader-ears.ts';
import { LoadReporter } from './load-reporter.ts';
import { MemberDoor } from './member-door.ts';
import { MemoryWatch } from './memory-watch.ts';
import { OwnTimes } from './own-times.ts';
import { OwnWeights } from './own-weights.ts';
import type { TimesCache } from './part-timer.ts';
import type { ExecutorFactory, ExecutorOptions } from './stage-executor.ts';
import { NOT_HELD, type StageHost } from './stage-host.ts';
import { Succession } from './succession.ts';
import { SurveyLater } from './survey-later.ts';
import type { Term } from './term.ts';
import { ToLeader } from './to-leader.ts';
import { TracingLater } from './tracing-later.ts';
import { Turns } from './turns.ts';

export interface MemberOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly executors: ExecutorFactory;
  readonly runtime: () => ExecutorOptions;
  readonly shelf: Shelf;
  readonly origins: OriginFactory;
  /** What this device measured of models on earlier visits; nothing is kept without it. */
  readonly times?: TimesCache;
  readonly emit: (event: SessionEvent) => void;
  readonly card: DeviceCard;
  /** The signaling server can be reached. */
  readonly online: () => boolean;
  /** This device leads from now on, or under a later term; null: it does not any more. */
  readonly led: (term: Term | null) => void;
}

/**
 * One device in a room, leader or not: shows its card, holds its stage, forwards activations, asks for
 * itself and reports its load. Knows the mesh only as a Network and the runtime only as executors.
 */
export class Member {
  readonly asker: Asker;
  readonly host: StageHost;
  readonly weights: OwnWeights;
  /** Times parts of the model for the leader. */
  readonly times: OwnTimes;
  /** Texts of this device wait here for the leader to let them begin. */
  readonly turns: Turns;
  readonly audits: AuditsLater;
  /** Those of this device, with their memory watched. */
  readonly executors: ExecutorFactory;
  /** What this device does, noted for whoever wants to look, and how the room recovers. */
  readonly tracing: TracingLater;
  readonly #options: MemberOptions;
  readonly #cards: Cards;
  readonly #toLeader: ToLeader;
  readonly #fromLeader: FromLeader;
  readonly #activations: Activations;
  readonly #doubts: DoubtsLater;
  readonly #reporter: LoadReporter;
  readonly #survey: SurveyLater;
  readonly #succession: Succession;
  /** Devices whose results were wrong. */
  #aside: readonly SetAside[] = [];

  constructor(options: MemberOptions) {
    this.#options = options;
    const { network, clock, emit, runtime } = options;
    const toLeader = new ToLeader(network);
    this.#toLeader = toLeader;
    const tracing = new TracingLater(network, clock, () => this.card.profile?.provider ?? '');
    this.tracing = tracing;
    const base = { network, clock, emit, toLeader, tracing };
    this.#cards = new Cards(options.card, base);
    const memory = new MemoryWatch();
    const executors = memory.watching(options.executors);
    this.executors = executors;
    const weights = new OwnWeights({ ...base, shelf: options.shelf, origins: options.origins });
    this.weights = weights;
    this.audits = new AuditsLater({
      network,
      clock,
      executors,
      runtime,
      gather: (terms, signal) => weights.gather(terms, signal),
      leader: () => toLeader.leader,
      give: (copy) => toLeader.ears?.auditFrame(network.me, copy),
    });
    const { audits } = this;
    this.#activations = new Activations({
      ...base,
      executors,
      runtime,
      weights,
      audits,
      answered: (answer) => this.#doubts.answered(answer, this.asker.plan),
      ran: () => this.#reporter.ran(),
    });
    this.asker = this.#activations.asker;
    this.host = this.#activations.host;
    this.#doubts = new DoubtsLater({
      me: network.me,
      clock,
      emit,
      ask: (tensors) => this.asker.ask(tensors),
    });
    this.#reporter = new LoadReporter({
      host: this.host,
      network,
      clock,
      memory,
      tell: (load, isNews) => {
        emit({ type: 'LoadReported', peer: network.me, load });
        toLeader.ears?.loadReported(network.me, load);
        if (isNews) for (const peer of network.peers()) network.sendControl(peer, { type: 'load', load });
      },
    });
    this.turns = new Turns({
      want: (ticket, held) => toLeader.tell({ type: 'want-turn', ticket, held }),
      end: (ticket) => toLeader.tell({ type: 'end-turn', ticket }),
    });
    this.#survey = new SurveyLater(network, clock, (links) => toLeader.tell({ type: 'links', links }));
    this.times = new OwnTimes({
      executors,
      runtime,
      clock,
      cache: options.times,
      card: () => this.card,
      heldBytes: async () => {
        const { heapBytes, bufferBytes } = await this.host.memory();
        return heapBytes + bufferBytes;
      },
      modelOf: async (part, signal) => (await weights.gather(part, signal)).model,
      answer: (measured) => toLeader.tell(measured),
    });
    this.#succession = new Succession({
      ...base,
      online: options.online,
      cards: this.#cards,
      weights,
      told: () => this.told,
      isAside: (peer) => this.#aside.some((each) => each.peer === peer),
      led: (term) => this.#led(term),
      follows: (leader) => this.#follows(leader),
      lost: (leader) => this.#lost(leader),
    });
    const { leadership, heir } = this.#succession;
    const { times, turns } = this;
    this.#fromLeader = new FromLeader({
      ...base,
      activations: this.#activations,
      weights,
      audits,
      times,
      turns,
      heir,
      setPlan: (plan) => this.setPlan(plan),
      setAside: (setAside) => this.setAside(setAside),
    });
    const door = new MemberDoor({
      ...base,
      fromLeader: this.#fromLeader,
      leadership,
      cards: this.#cards,
      weights,
      activations: this.#activations,
      audits,
    });
    network.listen({
      peerUp: (peer) => this.#peerUp(peer),
      peerDown: (peer, reason) => this.#peerDown(peer, reason),
      linkChanged: (peer, stats) => {
        tracing.now?.recovery.heard(peer, stats.heardAt);
        this.#cards.linkChanged(peer, stats);
      },
      control: (peer, message) => door.control(peer, message),
      binary: (peer, kind, bytes) => door.binary(peer, kind, bytes),
    });
    emit({ type: 'CardChanged', card: this.card, at: clock.now() });
  }

  get me(): PeerId {
    return this.#options.network.me;
  }

  get card(): DeviceCard {
    return this.#cards.own;
  }

  /** Of all devices that are here, this one too. */
  get cards(): ReadonlyMap<PeerId, DeviceCard> {
    return this.#cards.all;
  }

  /** What the leader last said of the room. */
  get told(): RoomTold {
    return this.#fromLeader.told;
  }

  /** The leader that went last. */
  get left(): { readonly peer: PeerId; readonly name: string } | null {
    return this.#succession.left;
  }

  /** What this device has in hand in case that it leads. */
  get inherited(): Inherited | undefined {
    return this.#succession.heir.inherited;
  }

  /** Devices that do what this one says, while it leads. */
  get followers(): readonly PeerId[] {
    return this.#succession.leadership.followers;
  }

  /** The signaling server says who leads. Only that device may send plans and layers, and whoever takes its place. */
  entered(leader: PeerId, others: number): void {
    this.#succession.leadership.entered(leader, others);
  }

  /** `ears` hear what followers report, for as long as this device leads. */
  lead(ears: LeaderEars): void {
    this.#toLeader.ears = ears;
    this.#toLeader.tell({ type: 'links', links: this.#survey.known });
    this.turns.again();
  }

  /** Lets another device lead. */
  handOver(peer: PeerId): void {
    this.#succession.leadership.handOver(peer);
  }

  /** Goes on leading under a later term. */
  renewTerm(): Term {
    const { leadership } = this.#succession;
    leadership.renew();
    return leadership.term;
  }

  /** These devices in the order in which they would lead: whose results were wrong, last. */
  inOrder(among: readonly PeerId[]): readonly PeerId[] {
    return this.#succession.inOrder(among);
  }

  /** What runs in the room now, or is about to; null for nothing. */
  setPlan(plan: PlanView | null): void {
    this.tracing.planned(plan, plan?.epoch !== this.asker.plan?.epoch);
    this.host.follow(plan);
    this.asker.setPlan(plan);
    if (!plan) return;
    const { epoch } = plan;
    // A leader that took over may believe in stages that another gave up meanwhile.
    for (const stage of this.host.lacking(plan, this.me))
      this.#toLeader.tell({ type: 'stage-failed', epoch, stage, step: 'reuse', message: NOT_HELD });
  }

  /** Devices whose results were wrong, as the leader found: what came of them lately is in doubt. */
  setAside(setAside: readonly SetAside[]): void {
    this.#aside = setAside;
    this.#options.emit({ type: 'AsideChanged', setAside, at: this.#options.clock.now() });
    this.#doubts.aside(setAside);
  }

  /** The leader's word on its own card that what it leaves is with others; null: it is not. */
  setHeir(key: string | null): void {
    this.#cards.setHeir(key);
  }

  setCard(change: Partial<DeviceCard>): void {
    this.#cards.change(change);
    if (change.status === 'ready') this.#survey.start();
  }

  close(reason: string): void {
    this.#reporter.stop();
    this.#survey.stop();
    this.tracing.stop();
    this.#succession.close();
    this.audits.close();
    this.asker.failAll('leave the room', 'This device left the room.');
    this.times.stop(reason);
    this.host.release();
    this.#options.network.close(reason);
  }

  #peerUp(peer: PeerId): void {
    this.tracing.start();
    this.tracing.now?.tracer.moment('peer-up', { peer });
    this.#cards.send(peer);
    this.#activations.peerUp(peer);
    this.#succession.leadership.peerUp(peer);
    if (this.card.status === 'ready') this.#survey.start();
  }

  #peerDown(peer: PeerId, reason: string): void {
    const { emit, clock } = this.#options;
    emit({ type: 'PeerLeft', peer, reason, at: clock.now() });
    this.tracing.now?.tracer.moment('peer-lost', { peer, note: reason });
    this.tracing.now?.desk.peerDown(peer);
    this.tracing.now?.recovery.lost(peer, clock.now());
    this.#survey.forget(peer);
    this.weights.peerDown(peer);
    this.host.forget(peer);
    this.#succession.leaves(peer);
    this.#cards.forget(peer);
    this.#activations.peerDown(peer);
    this.#toLeader.ears?.peerDown(peer);
    this.#succession.leadership.peerDown(peer);
  }

  #led(term: Term | null): void {
    if (term === null) this.#fromLeader.forgetPlan();
    this.#options.led(term);
  }

  #follows(leader: PeerId): void {
    this.#toLeader.tell({ type: 'links', links: this.#survey.known });
    if (this.inherited) this.#cards.send(leader);
    this.turns.again();
  }

  /** Open requests wait, unless the plan does without the leader: whoever leads next comes with another. */
  #lost(leader: PeerId): void {
    if (leader !== this.me && holdsLayers(this.asker.plan, leader)) this.asker.setPlan(null);
  }
}
