import { numberTraits } from '../audit/number-traits.ts';
import { messageOf, RuntimeFailedError } from '../errors.ts';
import type { Blocks } from '../graph/blocks.ts';
import type { ModelGraph } from '../graph/model-graph.ts';
import { packBlob } from '../graph/pack.ts';
import { type Guess, guesses } from '../graph/sample-inputs.ts';
import type { PeerId, Sha256 } from '../ids.ts';
import { decoderIo } from '../language/decoder-io.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { Planner } from '../plan/question.ts';
import type { AuditFrame } from '../protocol/audit-frame.ts';
import type { Calibration } from '../protocol/calibration.ts';
import type { GraphFile } from '../protocol/inheritance.ts';
import type { HeldPiece, LinkReport, LoadStage, PartsMeasured } from '../protocol/messages.ts';
import type { OriginCard } from '../protocol/origin-card.ts';
import type { SessionEvent } from '../session/events.ts';
import { holdersOf } from '../session/holders.ts';
import { NO_RULES } from '../session/reduce.ts';
import type {
  AuditEvidence,
  DeviceCard,
  LoadReport,
  ModelCard,
  PlanMode,
  PlanRules,
  PlanView,
  Progress,
  Seat,
  SetAside,
} from '../session/state.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { LaidPiece } from '../weights/file-pieces.ts';
import type { AuditDeskOptions } from './audit/audit-desk.ts';
import { DeskLater } from './audit/desk-later.ts';
import { Bequest } from './bequest.ts';
import { calibrate } from './calibrate.ts';
import { MODEL_CHANGED } from './from-leader.ts';
import type { LeaderEars } from './leader-ears.ts';
import type { Member } from './member.ts';
import { Mover } from './mover.ts';
import { PartSurvey } from './part-survey.ts';
import { type Estate, type Measured, Replanner } from './replanner.ts';
import { ShardCourier } from './shard-courier.ts';
import type { ExecutorOptions } from './stage-executor.ts';
import type { Term } from './term.ts';
import { TurnDesk } from './turn-desk.ts';
import { WeightsDesk } from './weights-desk.ts';

/** As many as the page has colours for devices. */
const COLOURS = 8;
/** Everybody has answered a new leader by now: a round trip, and a busy page's time for it. */
const FOLLOWED_MS = 1000;
const FOLLOWED_STEP_MS = 10;
/** So long the first plan waits for devices that measure the model: as long as a person waits gladly. */
const PATIENCE_MS = 8000;

/** A model as the leader's page has it: the graph in memory, the weights wherever their files are. */
export interface OpenModel {
  readonly card: ModelCard;
  readonly graph: ModelGraph;
  readonly blocks: Blocks;
  /** The model's files, where they are on this device; null where they are at the origin only. */
  readonly blobOf: ((file: string) => Blob) | null;
  /** Pieces that came with the graph, by number. */
  readonly atHand: ReadonlyMap<number, Uint8Array<ArrayBuffer>>;
  /** Where each device can fetch from; null where this device alone has the files. */
  readonly origin: OriginCard | null;
  /** What is known of the pieces' hashes, by number. */
  readonly hashes: readonly (Sha256 | null)[];
  /** The files that the card's `language` names. */
  readonly beside?: readonly LaidPiece[];
  /** What was read of the files for the graph, for whoever leads next. */
  readonly graphFiles: readonly GraphFile[];
  /** One input of the shapes in use, to measure with. */
  readonly sample: (guess: Guess) => readonly Tensor[];
}

/** A room that another device has led until now. */
export interface Takeover extends Estate {
  /** Null where this device has nothing of the model; then the room has none any more. */
  readonly subject: Promise<Measured | null>;
  readonly seats: readonly Seat[];
}

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
 * Opens models for the room: measures them, shares them out, and tells everybody what the plan is. What runs where is
 * the {@link Replanner}'s to decide; who has which weights, the {@link WeightsDesk}'s to know.
 */
export class Leader implements LeaderEars {
  readonly #options: LeaderOptions;
  readonly #courier: ShardCourier;
  readonly #desk: WeightsDesk;
  readonly #survey: PartSurvey;
  readonly #replanner: Replanner;
  readonly #turns: TurnDesk;
  readonly #bequest: Bequest;
  readonly #audits: DeskLater;
  #model: OpenModel | undefined;
  #calibrated = false;
  /** Counts models: what belongs to one before is not gone on with. */
  #opening = 0;
  #calibrating: AbortController | undefined;
  #mode: PlanMode = 'everyone';
  #rules: PlanRules = NO_RULES;
  #setAside: readonly SetAside[] = [];
  #preparing: Progress | null = null;
  /** What the leader before said holds until this device knows what there is to lead. */
  #silent: boolean;
  #seats: Seat[] = [];

  constructor(options: LeaderOptions) {
    this.#options = options;
    const { member, network, clock, planner, term, takeover } = options;
    this.#silent = takeover !== undefined;
    this.#courier = new ShardCourier(network, member.host, member.weights.shelf, clock);
    this.#desk = new WeightsDesk({ member, network, clock, suspect: (peer) => this.#suspect(peer) });
    this.#survey = new PartSurvey({
      network,
      shelf: member.weights.shelf,
      own: (message) => member.times.measure(message),
      measured: (peer, times) => this.#replanner.timesKnown(peer, times),
    });
    this.#replanner = new Replanner({
      me: member.me,
      clock,
      term,
      renew: () => member.renewTerm(),
      planner: member.tracing.planning(planner),
      mover: new Mover(this.#courier, this.#desk),
      ledger: () => this.#desk.ledger,
      here: () => member.followers,
      remeasure: (peer) => this.#survey.ask(peer, { fresh: true }),
      publish: (plan) => this.#publishPlan(plan),
      progress: (progress) => this.#prepare(progress),
      warn: (message) => this.#warn(message),
    });
    this.#turns = new TurnDesk(clock, ({ peer, ticket }, place) => {
      if (peer === member.me) member.turns.told(ticket, place);
      else network.sendControl(peer, { type: 'turn', ticket, place });
    });
    this.#bequest = new Bequest(network, member.weights.shelf);
    this.#audits = new DeskLater(this.#auditOptions(options));
    if (takeover) this.#seats = [...takeover.seats];
    if (takeover?.setAside?.length) this.#keepAside(takeover.setAside);
    for (const card of member.cards.values()) this.#replanner.cardChanged(card);
    member.lead(this);
    this.#seat();
    if (takeover) void this.#takeOver(takeover);
  }

  /** This device leads on, under a later term. */
  setTerm(term: Term): void {
    this.#replanner.setTerm(term);
  }

  /** The model that is open. */
  get model(): OpenModel | undefined {
    return this.#model;
  }

  async #takeOver({ subject, ...estate }: Takeover): Promise<void> {
    this.#mode = estate.mode;
    this.#rules = estate.rules;
    this.#audits.setRules(estate.rules);
    const opening = this.#opening;
    const found = await subject.catch((error: unknown) => {
      this.#warn(`The model could not be taken over: ${messageOf(error)}`);
      return null;
    });
    // Somebody has chosen another one meanwhile, or leads.
    if (opening !== this.#opening) return;
    if (!found) {
      this.drop();
      return;
    }
    const { model, calibration } = found;
    this.#model = model;
    this.#calibrated = true;
    this.#desk.open(model);
    await this.#survey.begin(model, calibration, this.#desk.key, new Set(estate.times.map(([peer]) => peer)));
    if (estate.plan) await this.#courier.assume(estate.plan, model);
    await this.#followed();
    if (opening !== this.#opening) return;
    this.#silent = false;
    this.#tellModel();
    this.#replanner.inherit(found, estate);
    this.#publish();
    this.#surveyAll();
  }

  /** Those who are here have said that they follow; whoever does not say so soon is planned for when it does. */
  async #followed(): Promise<void> {
    const { member, network, clock } = this.#options;
    const begun = clock.now();
    const waits = (): boolean =>
      clock.now() - begun < FOLLOWED_MS &&
      (this.#desk.ledger.lacking > 0 || network.peers().some((peer) => !member.followers.includes(peer)));
    while (waits()) {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, FOLLOWED_STEP_MS));
    }
  }

  /** Whoever leads next can go on with what there is. */
  #leaveLegacy(plan: PlanView): void {
    const model = this.#model;
    const { calibration } = this.#replanner;
    // In a room of one there is nobody to leave it to.
    if (!model || !calibration || plan.status !== 'running' || this.#options.member.followers.length === 0)
      return;
    const { member } = this.#options;
    const { ledger, key } = this.#desk;
    const hashes = ledger.hashes;
    const known = hashes.filter((hash) => hash !== null).length;
    const { card, origin, graphFiles: files } = model;
    const benchMs = member.card.profile?.benchMs ?? 0;
    const times = [...this.#replanner.times];
    this.#spare();
    void this.#bequest
      .leave(`${key}/${known}/${times.length}`, () => {
        return { card, origin, hashes, calibration, benchMs, times, files };
      })
      .then(() => this.#spare());
  }

  /** No weights are on this device alone; once all is with others, its card says so. */
  #spare(): void {
    const { member } = this.#options;
    const [heir] = member.inOrder(member.followers);
    const name = this.#model?.card.name;
    const { key, ledger } = this.#desk;
    const left = heir !== undefined && name !== undefined && this.#bequest.spare(heir, key, name, ledger);
    member.setHeir(left ? this.#bequest.key : null);
  }

  /** Measures a model on this device, then shares it out. Replaces the model before. False when it does not run here. */
  async open(model: OpenModel): Promise<boolean> {
    this.#stop(new Error('another model was chosen'));
    const control = new AbortController();
    this.#calibrating = control;
    this.#model = model;
    this.#desk.open(model);
    this.#tellModel();
    return this.#calibrate(model, control.signal);
  }

  /** Gives the model up, and with it whatever is being measured or loaded. */
  drop(): void {
    const { clock, emit } = this.#options;
    this.#stop(new Error('the model was given up'));
    this.#model = undefined;
    this.#desk.drop();
    this.#bequest.clear();
    this.#prepare(null);
    emit({ type: 'ModelChanged', model: { kind: 'none' }, at: clock.now() });
    this.#tellModel();
  }

  setMode(mode: PlanMode): void {
    if (JSON.stringify(mode) === JSON.stringify(this.#mode)) return;
    this.#mode = mode;
    this.#options.emit({ type: 'ModeChanged', mode });
    this.#publish();
    this.#replanner.setMode(mode);
  }

  setRules(rules: PlanRules): void {
    this.#rules = rules;
    this.#audits.setRules(rules);
    this.#options.emit({ type: 'RulesChanged', rules });
    this.#publish();
    this.#replanner.setRules(rules);
  }

  close(): void {
    this.#opening++;
    this.#calibrating?.abort(new Error('the session ended'));
    this.#replanner.close();
    this.#survey.stop();
    this.#courier.close();
    this.#turns.close();
    this.#desk.drop();
    this.#bequest.close();
    this.#audits.close();
  }

  peerUp(peer: PeerId): void {
    const { network } = this.#options;
    if (!this.#silent) network.sendControl(peer, { type: 'model', model: this.#model?.card ?? null });
    this.#bequest.tell(peer);
    this.#audits.peerUp(peer);
    const { plan } = this.#replanner;
    if (plan) this.#leaveLegacy(plan);
    this.#desk.seek(peer);
    this.#publish();
    if (this.#replanner.cards.get(peer)?.status === 'ready') this.#survey.ask(peer);
    this.#replanner.schedule();
  }

  peerDown(peer: PeerId): void {
    this.#survey.forget(peer);
    this.#replanner.peerDown(peer);
    this.#courier.forget(peer);
    this.#desk.gone(peer);
    this.#bequest.gone(peer);
    if (this.#replanner.plan?.status === 'running') this.#spare();
    this.#turns.forget(peer);
    this.#audits.peerDown(peer);
    this.#seat();
  }

  cardChanged(card: DeviceCard): void {
    const known = this.#replanner.cards.has(card.peer);
    this.#replanner.cardChanged(card);
    if (!known) this.#seat();
    const { me, followers } = this.#options.member;
    if (card.status === 'ready' && (card.peer === me || followers.includes(card.peer)))
      this.#survey.ask(card.peer);
    if (card.peer !== this.#options.member.me || card.status === 'measuring') return;
    // The model waited for this device to be measured.
    if (this.#model && !this.#calibrated && !this.#calibrating) {
      this.#calibrating = new AbortController();
      void this.#calibrate(this.#model, this.#calibrating.signal);
    }
  }

  linksReported(peer: PeerId, links: readonly LinkReport[]): void {
    this.#replanner.linksReported(peer, links);
  }

  loadReported(peer: PeerId, load: LoadReport): void {
    this.#replanner.loadReported(peer, load);
  }

  stageReady(peer: PeerId, epoch: number, stage: number): void {
    this.#courier.ready(peer, epoch, stage);
  }

  stageFailed(peer: PeerId, epoch: number, stage: number, step: string, message: string): void {
    this.#courier.failed(peer, epoch, stage, step, message);
    const { plan } = this.#replanner;
    const holders = plan?.epoch === epoch && plan.status === 'running' ? plan.stages[stage] : undefined;
    if (holders && holdersOf(holders).some((holder) => holder.peer === peer)) {
      // Once for each leader: whoever gives up what this one had it load is left out.
      if (step === 'reuse' && this.#replanner.isInherited) this.#replanner.unload();
      else this.#replanner.exclude(peer, `${step}: ${message}`);
    }
  }

  partsMeasured(peer: PeerId, message: PartsMeasured): void {
    this.#survey.heard(peer, message);
  }

  stageProgress(peer: PeerId, epoch: number): void {
    this.#courier.progressed(peer, epoch);
  }

  piecesHeld(peer: PeerId, model: string, pieces: readonly HeldPiece[]): void {
    const { lacking } = this.#desk.ledger;
    this.#desk.held(peer, model, pieces);
    if (this.#replanner.plan?.status === 'running') this.#spare();
    if (this.#desk.ledger.lacking < lacking) this.#replanner.readmit();
  }

  pieceCorrupt(model: string, id: number, from: PeerId): void {
    this.#desk.corrupt(model, id, from);
  }

  turnWanted(peer: PeerId, ticket: number, held: boolean): void {
    this.#turns.want(peer, ticket, held);
  }

  turnEnded(peer: PeerId, ticket: number): void {
    this.#turns.end(peer, ticket);
  }

  auditFrame(peer: PeerId, frame: AuditFrame): void {
    this.#audits.frame(peer, frame);
  }

  recomputeRefused(peer: PeerId, ticket: number): void {
    this.#audits.refused(peer, ticket);
  }

  /** A device that was set aside may take part again. */
  letIn(peer: PeerId): void {
    this.#keepAside(this.#setAside.filter((each) => each.peer !== peer));
  }

  #auditOptions({ random32, network, member, clock, emit }: LeaderOptions): AuditDeskOptions | undefined {
    return (
      random32 && {
        network,
        clock,
        random32,
        own: member.audits,
        cards: () => member.cards,
        here: () => member.followers,
        isAside: (peer) => this.#setAside.some((each) => each.peer === peer),
        terms: (plan, stage, peer) => this.#termsOf(plan, stage, peer),
        traits: () => numberTraits(this.#graph()),
        found: (peer, evidence) => this.#foundWrong(peer, evidence),
        undecided: (a, b) => {
          const name = (peer: PeerId): string => member.cards.get(peer)?.name ?? 'A device';
          this.#warn(
            `${name(a)} and ${name(b)} compute different results, and no third device has memory to say whose are wrong.`,
          );
        },
        counted: (audits) => emit({ type: 'AuditsCounted', audits }),
      }
    );
  }

  #graph(): ModelGraph {
    if (this.#model) return this.#model.graph;
    throw new RangeError('there is no model');
  }

  #termsOf(plan: PlanView, stage: number, peer: PeerId): Promise<LoadStage> {
    const model = this.#model;
    const { calibration } = this.#replanner;
    if (!model || !calibration) throw new RangeError('there is no model');
    const { key, ledger } = this.#desk;
    const samples = calibration.boundarySamples;
    return this.#courier.termsFor({ plan, model, key, ledger, samples, alongside: false }, stage, peer);
  }

  #foundWrong(peer: PeerId, evidence: AuditEvidence): void {
    if (this.#setAside.some((each) => each.peer === peer)) return;
    const name = this.#replanner.cards.get(peer)?.name ?? 'A device';
    this.#warn(
      `${name} gave wrong results and was set aside. What is open is asked again; its card shows what was found.`,
    );
    this.#keepAside([...this.#setAside, { peer, name, evidence }]);
  }

  /** What is open enters again under the next plan. */
  #keepAside(setAside: readonly SetAside[]): void {
    this.#setAside = setAside;
    this.#replanner.setAside(new Set(setAside.map(({ peer }) => peer)));
    this.#publish();
    this.#options.member.setAside(setAside);
  }

  /** Whatever is under way for the model before. */
  #stop(why: Error): void {
    this.#silent = false;
    this.#opening++;
    this.#calibrating?.abort(why);
    this.#calibrating = undefined;
    this.#calibrated = false;
    this.#options.member.asker.failAll('wait for the answer', MODEL_CHANGED);
    this.#survey.stop();
    this.#replanner.setModel(undefined);
  }

  /** Every device measures the model, too; whoever takes too long is planned for by its bench until it answers. */
  async #askAll(model: OpenModel, calibration: Calibration): Promise<void> {
    const { clock } = this.#options;
    await this.#survey.begin(model, calibration, this.#desk.key);
    this.#surveyAll();
    this.#prepare({ step: 'Measuring the model on every device', fraction: null });
    await Promise.race([
      this.#survey.settled(),
      new Promise<void>((resolve) => clock.setTimeout(resolve, PATIENCE_MS)),
    ]);
  }

  #surveyAll(): void {
    const { me, followers } = this.#options.member;
    for (const peer of [me, ...followers]) {
      if (this.#replanner.cards.get(peer)?.status === 'ready') this.#survey.ask(peer);
    }
  }

  #warn(message: string): void {
    const { emit, clock } = this.#options;
    emit({ type: 'NoticeRaised', tone: 'warn', message, at: clock.now() });
  }

  #suspect(peer: PeerId): void {
    const name = this.#replanner.cards.get(peer)?.name ?? 'A device';
    this.#warn(`${name} sent damaged weights. They were thrown away and are fetched from elsewhere.`);
  }

  async #calibrate(model: OpenModel, signal: AbortSignal): Promise<boolean> {
    const { member, runtime, clock } = this.#options;
    // Measured as soon as this device is.
    if (member.card.status === 'measuring') {
      this.#calibrating = undefined;
      return true;
    }
    if (member.card.status === 'refused') {
      return this.#cannotRun(model, `this device may not hold layers. ${member.card.refusal ?? ''}`);
    }
    const { blobOf } = model;
    // Waited for below; until then a failure must not count as unheard.
    const vouched = this.#desk.vouch(model, signal);
    vouched.catch(() => undefined);
    try {
      this.#prepare({ step: 'Measuring the model', fraction: 0 });
      const { calibration, guess } = await accepted(model.card.inputs, async (guess) => ({
        guess,
        calibration: await calibrate({
          ...model,
          packOf: async (shard) => blobOf && packBlob(shard.weights, blobOf),
          executors: member.executors,
          runtime: runtime(),
          inputs: model.sample(guess),
          unsent: staying(model.card),
          clock,
          memoryBytes: member.card.profile?.memoryBytes ?? 0,
          onProgress: (fraction) => this.#prepare({ step: 'Measuring the model', fraction }),
          signal,
        }),
      }));
      await Promise.all([vouched, this.#askAll(model, calibration)]);
      signal.throwIfAborted();
      this.#calibrated = true;
      const found = guess.open !== undefined || guess.ids !== undefined;
      const opened = found ? { ...model, card: { ...model.card, guess } } : model;
      this.#model = opened;
      if (found) this.#tellModel();
      this.#replanner.setModel({ model: opened, calibration });
      return true;
    } catch (error) {
      if (signal.aborted) return true;
      return this.#cannotRun(model, messageOf(error));
    } finally {
      if (!signal.aborted) this.#prepare(null);
    }
  }

  #cannotRun(model: OpenModel, why: string): false {
    const { emit, clock } = this.#options;
    const message = `${model.card.name} cannot run here: ${why}`;
    const { name } = model.card;
    this.#model = undefined;
    emit({
      type: 'ModelChanged',
      model: { kind: 'failed', name, step: 'measure the model', message },
      at: clock.now(),
    });
    this.#tellModel();
    return false;
  }

  #prepare(preparing: Progress | null): void {
    this.#preparing = preparing;
    this.#options.emit({ type: 'PreparationChanged', preparing });
    this.#publish();
  }

  #publishPlan(plan: PlanView | null): void {
    this.#options.emit({ type: 'PlanChanged', plan, at: this.#options.clock.now() });
    this.#options.member.setPlan(plan);
    this.#audits.follow(plan);
    this.#publish();
    if (plan) this.#leaveLegacy(plan);
  }

  /** Seats the devices that are here; whoever stays keeps its colour. */
  #seat(): void {
    const { cards } = this.#replanner;
    const kept = this.#seats.filter(({ peer }) => cards.has(peer));
    for (const peer of cards.keys()) {
      if (kept.some((seat) => seat.peer === peer)) continue;
      const colours = Array.from({ length: COLOURS }, (_, at) => at + 1);
      const free = colours.find((colour) => !kept.some((seat) => seat.colour === colour));
      kept.push({ peer, colour: free ?? 1 + (kept.length % COLOURS) });
    }
    this.#seats = kept;
    this.#options.emit({ type: 'SeatsChanged', seats: kept });
    this.#publish();
  }

  #publish(): void {
    if (this.#silent) return;
    const { network } = this.#options;
    const message = {
      type: 'room',
      mode: this.#mode,
      rules: this.#rules,
      plan: this.#replanner.plan,
      preparing: this.#preparing,
      seats: this.#seats,
      ...(this.#setAside.length > 0 && { setAside: this.#setAside }),
    } as const;
    for (const peer of network.peers()) network.sendControl(peer, message);
  }

  #tellModel(): void {
    const { network, emit, clock } = this.#options;
    const card = this.#model?.card ?? null;
    if (card) emit({ type: 'ModelChanged', model: { kind: 'ready', card }, at: clock.now() });
    for (const peer of network.peers()) network.sendControl(peer, { type: 'model', model: card });
  }
}

/** Tries what a model might accept until a run succeeds. @throws what the likeliest guess met. */
async function accepted<T>(inputs: ModelCard['inputs'], attempt: (guess: Guess) => Promise<T>): Promise<T> {
  let first: unknown;
  for (const guess of [{}, ...[...guesses(inputs)].slice(1)]) {
    try {
      return await attempt(guess);
    } catch (error) {
      first ??= error;
      // Anything but a run that refused its input is not the input's fault.
      if (!(error instanceof RuntimeFailedError && error.data.step === 'run')) throw first;
    }
  }
  throw first;
}

/** Of a model that writes: what its devices keep, and the scores, of which only the chosen words go home. */
function staying({ inputs, outputs, states = [], runs }: ModelCard): ReadonlySet<string> {
  if (!runs) return new Set();
  const scores = decoderIo({ inputs, outputs, states })?.scores.name ?? '';
  return new Set([scores, ...states.flatMap(({ input, output }) => [input, output])]);
}
