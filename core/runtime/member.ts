import { messageOf, type PotluckError } from '../errors.ts';
import type { PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { BinaryKind, LinkStats, Network } from '../mesh/network.ts';
import { type AuditFrame, decodeAuditFrame, isAuditFrame } from '../protocol/audit-frame.ts';
import { decodeActivation, encodeActivation } from '../protocol/frame.ts';
import { type Activation, RESULT_STAGE } from '../protocol/frame.types.ts';
import type {
  ControlMessage,
  HeldPiece,
  LinkReport,
  MeasureParts,
  PartsMeasured,
} from '../protocol/messages.ts';
import type { SessionEvent } from '../session/events.ts';
import { holdersOf, holdsLayers } from '../session/holders.ts';
import { NO_RULES } from '../session/reduce.ts';
import type {
  DeviceCard,
  FilePiece,
  LinkView,
  LoadReport,
  ModelState,
  PlanMode,
  PlanRules,
  PlanView,
  Seat,
  SetAside,
} from '../session/state.ts';
import { PieceExchange } from '../weights/exchange.ts';
import { fetchFile } from '../weights/file-pieces.ts';
import type { OriginFactory } from '../weights/origin.ts';
import type { Shelf } from '../weights/shelf.ts';
import { Asker } from './asker.ts';
import { AuditsLater } from './audit/audits-later.ts';
import { DoubtsLater } from './audit/doubts-later.ts';
import { Heir, type Inherited, inOrderOfSuccession } from './heir.ts';
import { Leadership } from './leadership.ts';
import { LoadReporter } from './load-reporter.ts';
import { MemoryWatch } from './memory-watch.ts';
import { OwnTimes } from './own-times.ts';
import type { TimesCache } from './part-timer.ts';
import type { ExecutorFactory, ExecutorOptions } from './stage-executor.ts';
import { StageGatherer } from './stage-gatherer.ts';
import { NOT_HELD, StageHost } from './stage-host.ts';
import { SurveyLater } from './survey-later.ts';
import type { Term } from './term.ts';
import { TracingLater } from './tracing-later.ts';
import { Turns } from './turns.ts';

/** Why open requests fail when another model is chosen: their input was made for the one before. */
export const MODEL_CHANGED = 'The model was changed.';

type ForLeader = Extract<
  ControlMessage,
  {
    type:
      | 'stage-ready'
      | 'stage-failed'
      | 'pieces-held'
      | 'piece-corrupt'
      | 'parts-measured'
      | 'want-turn'
      | 'end-turn'
      | 'recompute-refused';
  }
>;
type FromLeader = Extract<
  ControlMessage,
  {
    type:
      | 'model'
      | 'room'
      | 'load-stage'
      | 'measure-parts'
      | 'pieces-told'
      | 'pieces-sought'
      | 'turn'
      | 'legacy'
      | 'spare-pieces'
      | 'audit-terms'
      | 'recompute';
  }
>;

/** What the leader's part of a page hears of the messages meant for it. */
export interface LeaderEars {
  /** A device follows this one. */
  peerUp(peer: PeerId): void;
  peerDown(peer: PeerId): void;
  cardChanged(card: DeviceCard): void;
  linksReported(peer: PeerId, links: readonly LinkReport[]): void;
  loadReported(peer: PeerId, load: LoadReport): void;
  stageReady(peer: PeerId, epoch: number, stage: number): void;
  stageFailed(peer: PeerId, epoch: number, stage: number, step: string, message: string): void;
  stageProgress(peer: PeerId, epoch: number): void;
  partsMeasured(peer: PeerId, message: PartsMeasured): void;
  piecesHeld(peer: PeerId, model: string, pieces: readonly HeldPiece[]): void;
  pieceCorrupt(model: string, id: number, from: PeerId): void;
  turnWanted(peer: PeerId, ticket: number, held: boolean): void;
  turnEnded(peer: PeerId, ticket: number): void;
  auditFrame(peer: PeerId, frame: AuditFrame): void;
  recomputeRefused(peer: PeerId, ticket: number): void;
}

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

/** What the leader last said of the room. */
export interface RoomTold {
  readonly mode: PlanMode;
  readonly rules: PlanRules;
  readonly seats: readonly Seat[];
  readonly plan: PlanView | null;
  readonly setAside?: readonly SetAside[];
}

/**
 * One device in a room, leader or not: shows its card, holds its stage, forwards activations, asks for
 * itself and reports its load. Knows the mesh only as a Network and the runtime only as executors.
 */
export class Member {
  readonly asker: Asker;
  readonly host: StageHost;
  readonly shelf: Shelf;
  readonly gatherer: StageGatherer;
  /** Texts of this device wait here for the leader to let them begin. */
  readonly turns: Turns;
  readonly audits: AuditsLater;
  /** Those of this device, with their memory watched. */
  readonly executors: ExecutorFactory;
  /** What this device does, noted for whoever wants to look, and how the room recovers. */
  readonly tracing: TracingLater;
  readonly #memory: MemoryWatch = new MemoryWatch();
  readonly #doubts: DoubtsLater;
  readonly #exchange: PieceExchange;
  readonly #options: MemberOptions;
  readonly #survey: SurveyLater;
  readonly #times: OwnTimes;
  readonly #reporter: LoadReporter;
  readonly #leadership: Leadership;
  readonly #heir: Heir;
  /** Of all devices that are here. */
  readonly #cards = new Map<PeerId, DeviceCard>();
  #left: { readonly peer: PeerId; readonly name: string } | null = null;
  #told: RoomTold = { mode: 'everyone', rules: NO_RULES, seats: [], plan: null };
  #setAside: readonly SetAside[] = [];
  #card: DeviceCard;
  /** Who leads and is here. */
  #leader: PeerId | undefined;
  /** The model that the leader last told of, as text. */
  #model: string | undefined;
  #ears: LeaderEars | undefined;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.#card = options.card;
    const { network, clock, emit, runtime, shelf, origins } = options;
    this.tracing = new TracingLater(network, clock, () => this.#card.profile?.provider ?? '');
    this.executors = this.#memory.watching(options.executors);
    this.shelf = shelf;
    this.#exchange = new PieceExchange(network, clock, shelf);
    this.gatherer = new StageGatherer({
      clock,
      shelf,
      exchange: this.#exchange,
      origins,
      events: {
        held: (model, pieces) => this.#tellLeader({ type: 'pieces-held', model, pieces }),
        corrupt: (model, id, from) => this.#tellLeader({ type: 'piece-corrupt', model, id, from }),
        full: (message) => emit({ type: 'NoticeRaised', tone: 'warn', message, at: clock.now() }),
      },
    });
    this.asker = new Asker({
      me: network.me,
      clock,
      forward: (to, activation) => this.#forward(to, keep(activation, to === network.me)),
      answered: (answer) => this.#doubts.answered(answer, this.asker.plan),
      endSequence: (sequence) => {
        this.host.endSequence(network.me, sequence);
        for (const peer of network.peers()) network.sendControl(peer, { type: 'end-sequence', sequence });
      },
      news: {
        answered: (request, epoch, place, askedAt) => {
          this.tracing.now?.tracer.answered(request, epoch, place, askedAt);
          const recovery = this.tracing.now?.recovery.answered(askedAt, clock.now());
          if (recovery) emit({ type: 'RoomRecovered', ...recovery, at: clock.now() });
        },
        again: (request) => {
          this.tracing.now?.tracer.moment('again', { request, origin: network.me });
          this.tracing.now?.recovery.again();
        },
      },
    });
    this.host = new StageHost({
      gather: (terms, tell, signal) => {
        this.audits.makeRoom();
        return this.gatherer.gather(terms, this.#leader ?? this.me, tell, signal);
      },
      executors: this.executors,
      runtime,
      clock,
      events: {
        progress: (epoch, progress) => {
          emit({ type: 'StageProgressed', peer: network.me, progress });
          for (const peer of network.peers())
            network.sendControl(peer, { type: 'stage-progress', epoch, progress });
          this.#ears?.stageProgress(network.me, epoch);
        },
        ready: (terms, times) => {
          if (times) this.tracing.now?.tracer.loaded(terms, times);
          this.#tellLeader({ type: 'stage-ready', epoch: terms.epoch, stage: terms.stage });
        },
        failed: (terms, step, message) =>
          this.#tellLeader({
            type: 'stage-failed',
            epoch: terms.epoch,
            stage: terms.stage,
            step,
            message,
          }),
        forward: (to, activation) => this.#forward(to, activation),
        requestFailed: (activation, step, message) => this.#failRequest(activation, step, message),
        ran: (item) => {
          this.tracing.now?.tracer.ran(item);
          this.#reporter.ran();
        },
      },
    });
    this.audits = new AuditsLater({
      network,
      clock,
      executors: this.executors,
      runtime,
      gather: (terms, signal) =>
        this.gatherer.gather(terms, this.#leader ?? this.me, () => undefined, signal),
      leader: () => this.#leader,
      give: (copy) => this.#ears?.auditFrame(network.me, copy),
    });
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
      memory: this.#memory,
      tell: (load, isNews) => {
        emit({ type: 'LoadReported', peer: network.me, load });
        this.#ears?.loadReported(network.me, load);
        if (isNews) for (const peer of network.peers()) network.sendControl(peer, { type: 'load', load });
      },
    });
    this.turns = new Turns({
      want: (ticket, held) => this.#tellLeader({ type: 'want-turn', ticket, held }),
      end: (ticket) => this.#tellLeader({ type: 'end-turn', ticket }),
    });
    this.#survey = new SurveyLater(network, clock, (links) => this.#reportLinks(links));
    this.#times = new OwnTimes({
      executors: this.executors,
      runtime,
      clock,
      cache: options.times,
      card: () => this.#card,
      heldBytes: async () => {
        const { heapBytes, bufferBytes } = await this.host.memory();
        return heapBytes + bufferBytes;
      },
      modelOf: async (part, signal) =>
        (await this.gatherer.gather(part, this.#leader ?? this.me, () => undefined, signal)).model,
      answer: (measured) => this.#tellLeader(measured),
    });
    this.#heir = new Heir({
      clock,
      fetch: (pieces, label, signal, owners) => this.file(pieces, label, signal, owners),
      has: async (hash) => (await shelf.peek(hash)) !== null,
      ready: (key) => this.setHeir(key),
      keeps: (model, { id, hash }) =>
        this.#tellLeader({ type: 'pieces-held', model, pieces: [{ id, hash }] }),
    });
    this.#cards.set(this.me, this.#card);
    this.#leadership = new Leadership({
      me: this.me,
      clock,
      say: (to, message) => network.sendControl(to, message),
      peers: () => network.peers(),
      inOrder: (among) => this.inOrder(among),
      silence: (peer) => clock.now() - (network.stats(peer)?.heardAt ?? Number.NEGATIVE_INFINITY),
      online: options.online,
      took: (term) => this.#took(term),
      followed: (peer) => this.#ears?.peerUp(peer),
      follows: (leader) => this.#follows(leader),
      lost: (leader) => this.#lost(leader),
    });
    network.listen({
      peerUp: (peer) => this.#peerUp(peer),
      peerDown: (peer, reason) => this.#peerDown(peer, reason),
      linkChanged: (peer, stats) => {
        this.tracing.now?.recovery.heard(peer, stats.heardAt);
        emit({ type: 'LinkChanged', peer, link: viewOf(stats), at: clock.now() });
      },
      control: (peer, message) => this.#control(peer, message),
      binary: (peer, kind, bytes) => this.#binary(peer, kind, bytes),
    });
    emit({ type: 'CardChanged', card: this.#card, at: clock.now() });
  }

  get me(): PeerId {
    return this.#options.network.me;
  }

  get card(): DeviceCard {
    return this.#card;
  }

  /** Of all devices that are here, this one too. */
  get cards(): ReadonlyMap<PeerId, DeviceCard> {
    return this.#cards;
  }

  /** What the leader last said of the room. */
  get told(): RoomTold {
    return this.#told;
  }

  /** The leader that went last. */
  get left(): { readonly peer: PeerId; readonly name: string } | null {
    return this.#left;
  }

  /** What this device has in hand in case that it leads. */
  get inherited(): Inherited | undefined {
    return this.#heir.inherited;
  }

  /** The signaling server says who leads. Only that device may send plans and layers, and whoever takes its place. */
  entered(leader: PeerId, others: number): void {
    this.#leadership.entered(leader, others);
  }

  /** Devices that do what this one says, while it leads. */
  get followers(): readonly PeerId[] {
    return this.#leadership.followers;
  }

  /** `ears` hear what followers report, for as long as this device leads. */
  lead(ears: LeaderEars): void {
    this.#ears = ears;
    this.#reportLinks(this.#survey.known);
    this.turns.again();
  }

  /** Lets another device lead. */
  handOver(peer: PeerId): void {
    this.#leadership.handOver(peer);
  }

  /** Goes on leading under a later term. */
  renewTerm(): Term {
    this.#leadership.renew();
    return this.#leadership.term;
  }

  /** These devices in the order in which they would lead: whose results were wrong, last. */
  inOrder(among: readonly PeerId[]): readonly PeerId[] {
    const order = inOrderOfSuccession(among, this.#cards, this.#told.seats, this.#heir.key);
    const wrong = (peer: PeerId): boolean => this.#setAside.some((each) => each.peer === peer);
    return [...order.filter((peer) => !wrong(peer)), ...order.filter(wrong)];
  }

  /** Tells the leader which of these pieces this device has kept from earlier visits. */
  async lookFor(model: string, pieces: readonly HeldPiece[]): Promise<void> {
    const found: HeldPiece[] = [];
    for (const piece of pieces) if (await this.shelf.peek(piece.hash)) found.push(piece);
    if (found.length > 0) this.#tellLeader({ type: 'pieces-held', model, pieces: found });
  }

  /** A file of the model that the leader or these owners have, kept under this label. @throws what {@link fetchFile} throws. */
  file(
    pieces: readonly FilePiece[],
    label: string,
    signal: AbortSignal,
    owners: readonly PeerId[] = [this.#leader ?? this.me],
  ): Promise<Blob> {
    return fetchFile(pieces, { shelf: this.shelf, exchange: this.#exchange, owners, label, signal });
  }

  /** What runs in the room now, or is about to; null for nothing. */
  setPlan(plan: PlanView | null): void {
    this.tracing.planned(plan, plan?.epoch !== this.asker.plan?.epoch);
    this.host.follow(plan);
    this.asker.setPlan(plan);
    // A leader that took over may believe in stages that another gave up meanwhile.
    for (const stage of plan ? this.host.lacking(plan, this.me) : []) {
      const { epoch } = plan as PlanView;
      this.#tellLeader({ type: 'stage-failed', epoch, stage, step: 'reuse', message: NOT_HELD });
    }
  }

  /** Devices whose results were wrong, as the leader found: what came of them lately is in doubt. */
  setAside(setAside: readonly SetAside[]): void {
    this.#setAside = setAside;
    this.#options.emit({ type: 'AsideChanged', setAside, at: this.#options.clock.now() });
    this.#doubts.aside(setAside);
  }

  /** Times parts of the model for the leader. */
  measureParts(message: MeasureParts): void {
    this.#times.measure(message);
  }

  /** What the leader left for the time after it is here; on the leader's own card: it is with others. */
  setHeir(key: string | null): void {
    const { heir, ...card } = this.#card;
    if ((heir ?? null) === key) return;
    this.#card = card;
    this.setCard(key === null ? {} : { heir: key });
  }

  setCard(change: Partial<DeviceCard>): void {
    this.#card = { ...this.#card, ...change };
    this.#cards.set(this.me, this.#card);
    this.#options.emit({ type: 'CardChanged', card: this.#card, at: this.#options.clock.now() });
    for (const peer of this.#options.network.peers()) this.#sendCard(peer);
    this.#ears?.cardChanged(this.#card);
    if (change.status === 'ready') this.#survey.start();
  }

  close(reason: string): void {
    this.#reporter.stop();
    this.#survey.stop();
    this.tracing.stop();
    this.#leadership.close();
    this.#heir.stop();
    this.audits.close();
    this.asker.failAll('leave the room', 'This device left the room.');
    this.#times.stop(reason);
    this.host.release();
    this.#options.network.close(reason);
  }

  async #forward(to: PeerId, activation: Activation): Promise<void> {
    this.audits.sends(to, activation);
    if (to === this.me) return this.#deliver(to, activation);
    const { network, clock } = this.#options;
    const startedAt = clock.now();
    const parts = encodeActivation(activation);
    await network.send(to, 'activation', parts);
    const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
    this.tracing.now?.tracer.sent(to, activation, startedAt, bytes);
  }

  #deliver(from: PeerId, activation: Activation): void {
    this.audits.comes(from, activation);
    if (activation.stage === RESULT_STAGE) this.asker.receive(activation);
    else this.host.accept(activation);
  }

  #failRequest(activation: Activation, step: string, message: string): void {
    const { epoch, request, origin } = activation;
    this.tracing.now?.tracer.moment('failed', { epoch, request, origin, note: step });
    if (origin === this.me) this.asker.failed(request, epoch, step, message);
    else this.#options.network.sendControl(origin, { type: 'request-failed', epoch, request, step, message });
  }

  /** The leader may be in this very page. */
  #tellLeader(message: ForLeader): void {
    if (this.#ears) this.#hear(this.me, message, this.#ears);
    else if (this.#leader) this.#options.network.sendControl(this.#leader, message);
  }

  #hear(peer: PeerId, message: ForLeader, ears: LeaderEars): void {
    switch (message.type) {
      case 'stage-ready':
        ears.stageReady(peer, message.epoch, message.stage);
        break;
      case 'stage-failed':
        ears.stageFailed(peer, message.epoch, message.stage, message.step, message.message);
        break;
      case 'pieces-held':
        ears.piecesHeld(peer, message.model, message.pieces);
        break;
      case 'piece-corrupt':
        ears.pieceCorrupt(message.model, message.id, message.from);
        break;
      case 'parts-measured':
        ears.partsMeasured(peer, message);
        break;
      case 'want-turn':
        ears.turnWanted(peer, message.ticket, message.held);
        break;
      case 'end-turn':
        ears.turnEnded(peer, message.ticket);
        break;
      case 'recompute-refused':
        ears.recomputeRefused(peer, message.ticket);
        break;
    }
  }

  #peerUp(peer: PeerId): void {
    this.tracing.start();
    this.tracing.now?.tracer.moment('peer-up', { peer });
    this.#sendCard(peer);
    // Whoever could not reach this device could not tell it either.
    if (holdsLayers(this.asker.plan, peer)) this.asker.hopBroken(this.asker.plan?.epoch ?? 0);
    this.#leadership.peerUp(peer);
    if (this.#card.status === 'ready') this.#survey.start();
  }

  #peerDown(peer: PeerId, reason: string): void {
    const { emit, clock } = this.#options;
    emit({ type: 'PeerLeft', peer, reason, at: clock.now() });
    this.tracing.now?.tracer.moment('peer-lost', { peer, note: reason });
    this.tracing.now?.desk.peerDown(peer);
    this.tracing.now?.recovery.lost(peer, clock.now());
    this.#survey.forget(peer);
    this.#exchange.peerDown(peer);
    this.gatherer.peerDown(peer);
    this.host.forget(peer);
    const name = this.#cards.get(peer)?.name ?? 'A device';
    if (peer === this.#leader) this.#left = { peer, name };
    this.#cards.delete(peer);
    this.#hopBroken(peer);
    this.#ears?.peerDown(peer);
    this.#leadership.peerDown(peer);
  }

  /** What was on the way to or from a holder is lost with its link, also where everybody else still sees it. */
  #hopBroken(peer: PeerId): void {
    const { plan } = this.asker;
    if (!plan || !holdsLayers(plan, peer)) return;
    const { network } = this.#options;
    if (holdsLayers(plan, this.me)) {
      for (const other of network.peers()) {
        network.sendControl(other, { type: 'hop-broken', epoch: plan.epoch });
      }
    }
    this.asker.hopBroken(plan.epoch);
  }

  #took(term: Term): void {
    const { emit, clock, led } = this.#options;
    this.#leader = this.me;
    this.tracing.now?.tracer.moment('leader', { peer: this.me });
    emit({ type: 'RoomEntered', leader: this.me, at: clock.now() });
    led(term);
  }

  #follows(leader: PeerId): void {
    const { emit, clock, network } = this.#options;
    if (this.#ears) this.#stepDown();
    this.#leader = leader;
    this.tracing.now?.tracer.moment('leader', { peer: leader });
    emit({ type: 'RoomEntered', leader, at: clock.now() });
    network.sendControl(leader, { type: 'links', links: this.#survey.known });
    if (this.#heir.inherited) this.#sendCard(leader);
    this.turns.again();
  }

  /** Open requests wait, unless the plan does without the leader: whoever leads next comes with another. */
  #lost(leader: PeerId): void {
    const { emit, clock } = this.#options;
    if (this.#ears) this.#stepDown();
    this.#leader = undefined;
    if (leader !== this.me && holdsLayers(this.asker.plan, leader)) this.asker.setPlan(null);
    emit({ type: 'LeaderLost', at: clock.now() });
  }

  #stepDown(): void {
    this.#told = { ...this.#told, plan: null };
    this.#ears = undefined;
    this.setHeir(null);
    this.#options.led(null);
  }

  #sendCard(peer: PeerId): void {
    this.#options.network.sendControl(peer, { type: 'card', card: this.#card });
  }

  #reportLinks(links: readonly LinkReport[]): void {
    if (this.#ears) this.#ears.linksReported(this.me, links);
    else if (this.#leader) this.#options.network.sendControl(this.#leader, { type: 'links', links });
  }

  #control(peer: PeerId, message: ControlMessage): void {
    const { emit } = this.#options;
    switch (message.type) {
      case 'card':
        this.#cardOf(peer, message.card);
        break;
      case 'load':
        emit({ type: 'LoadReported', peer, load: message.load });
        this.#ears?.loadReported(peer, message.load);
        break;
      case 'links':
        this.#ears?.linksReported(peer, message.links);
        break;
      case 'stage-progress':
        this.#ears?.stageProgress(peer, message.epoch);
        emit({ type: 'StageProgressed', peer, progress: message.progress });
        break;
      case 'stage-ready':
      case 'stage-failed':
      case 'pieces-held':
      case 'piece-corrupt':
      case 'parts-measured':
      case 'want-turn':
      case 'end-turn':
      case 'recompute-refused':
        if (this.#ears) this.#hear(peer, message, this.#ears);
        break;
      case 'want-pieces':
        this.#exchange.wanted(peer, message.pieces);
        break;
      case 'piece-refused':
        this.#exchange.refused(peer, message.ticket, message.reason);
        break;
      case 'request-failed':
        if (holdsLayers(this.asker.plan, peer)) {
          this.asker.failed(message.request, message.epoch, message.step, message.message);
        }
        break;
      case 'model':
      case 'room':
      case 'load-stage':
      case 'measure-parts':
      case 'pieces-told':
      case 'pieces-sought':
      case 'turn':
        // Only the leader decides what runs where.
        if (peer === this.#leader && !this.#ears) this.#fromLeader(message);
        break;
      case 'legacy':
      case 'spare-pieces':
      case 'audit-terms':
      case 'recompute':
        if (peer === this.#leader && !this.#ears) this.#fromLeader(message);
        break;
      case 'office':
      case 'leader-missed':
      case 'leader-seen':
        this.#leadership.hear(peer, message);
        break;
      case 'hop-broken':
        if (holdsLayers(this.asker.plan, peer)) this.asker.hopBroken(message.epoch);
        break;
      case 'end-sequence':
        this.host.endSequence(peer, message.sequence);
        break;
      case 'trace-wanted':
        this.tracing.load().then(
          ({ desk }) => desk.wanted(peer, message.ticket),
          () => undefined,
        );
        break;
      case 'trace-part':
        this.tracing.now?.desk.heard(peer, message);
        break;
      case 'goodbye':
        break;
    }
  }

  #cardOf(peer: PeerId, told: DeviceCard): void {
    const { emit, clock, network } = this.#options;
    // A card speaks for the link it came over, whatever it says of itself.
    const card = { ...told, peer };
    this.#cards.set(peer, card);
    emit({ type: 'CardChanged', card, at: clock.now() });
    const stats = network.stats(peer);
    if (stats) emit({ type: 'LinkChanged', peer, link: viewOf(stats), at: clock.now() });
    this.#ears?.cardChanged(card);
  }

  #fromLeader(message: FromLeader): void {
    const { emit, clock } = this.#options;
    switch (message.type) {
      case 'model': {
        const told = JSON.stringify(message.model);
        if (this.#model !== undefined && this.#model !== told)
          this.asker.failAll('wait for the answer', MODEL_CHANGED);
        this.#model = told;
        const model: ModelState = message.model ? { kind: 'ready', card: message.model } : { kind: 'none' };
        emit({ type: 'ModelChanged', model, at: clock.now() });
        break;
      }
      case 'room':
        this.#told = message;
        emit({ type: 'ModeChanged', mode: message.mode });
        emit({ type: 'RulesChanged', rules: message.rules });
        emit({ type: 'SeatsChanged', seats: message.seats });
        this.setAside(message.setAside ?? []);
        emit({ type: 'PlanChanged', plan: message.plan, at: clock.now() });
        emit({ type: 'PreparationChanged', preparing: message.preparing });
        this.setPlan(message.plan);
        break;
      case 'load-stage':
        this.#guard(() => this.host.prepare(message));
        break;
      case 'measure-parts':
        this.measureParts(message);
        break;
      case 'pieces-told':
        this.gatherer.told(message.model, message.pieces);
        break;
      case 'pieces-sought':
        void this.lookFor(message.model, message.pieces);
        break;
      case 'turn':
        this.turns.told(message.ticket, message.place);
        break;
      case 'legacy':
        void this.#heir.told(message);
        break;
      case 'spare-pieces':
        void this.#heir.keep(message.model, message.label, message.pieces);
        break;
      case 'audit-terms':
        this.audits.told(message);
        break;
      case 'recompute':
        this.audits.asked(message);
        break;
    }
  }

  /** @throws ProtocolError */
  #binary(peer: PeerId, kind: BinaryKind, bytes: Uint8Array<ArrayBuffer>): void {
    if (kind === 'shard' && isAuditFrame(bytes)) this.#auditFrame(peer, decodeAuditFrame(bytes));
    else if (kind === 'shard') this.#exchange.arrived(peer, bytes);
    else {
      const { clock } = this.#options;
      const wholeAt = clock.now();
      const activation = decodeActivation(bytes);
      this.#guard(() => {
        // From the peers that the plan has it come from, and from nobody else.
        if (!this.#mayDeliver(peer, activation)) return;
        this.tracing.now?.tracer.received(peer, activation, wholeAt, bytes.byteLength);
        this.#deliver(peer, activation);
      });
    }
  }

  #auditFrame(peer: PeerId, frame: AuditFrame): void {
    if (frame.kind !== 'task') this.#ears?.auditFrame(peer, frame);
    else if (peer === this.#leader && !this.#ears) this.audits.fed(frame);
  }

  #mayDeliver(peer: PeerId, { epoch, stage, origin, joined }: Activation): boolean {
    // Runs of several are put together where they enter, and go home one by one.
    if (joined && (stage === 0 || stage === RESULT_STAGE)) return false;
    if (stage === 0) return peer === origin;
    const last = this.asker.plan?.stages.at(-1);
    const before =
      stage === RESULT_STAGE ? last && holdersOf(last) : this.host.termsOf(epoch, stage)?.holders[stage - 1];
    return before?.some((holder) => holder.peer === peer) ?? false;
  }

  /** What goes wrong here is told to the person; the session goes on. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      const step = (error as Partial<PotluckError>).data?.step;
      const message = step ? `Could not ${step}: ${messageOf(error)}` : messageOf(error);
      this.#options.emit({ type: 'NoticeRaised', tone: 'warn', message, at: this.#options.clock.now() });
    }
  }
}

/** Tensors of a request are kept until its answer; a stage on this very device would detach them. */
function keep(activation: Activation, local: boolean): Activation {
  return local
    ? { ...activation, tensors: activation.tensors.map((t) => ({ ...t, data: t.data.slice() })) }
    : activation;
}

function viewOf(stats: LinkStats): LinkView {
  const kind = stats.kind === 'memory' ? 'direct' : stats.kind;
  return { kind, rttMs: stats.rttMs, mbitPerSec: stats.mbitPerSec };
}
