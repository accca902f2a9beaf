import { messageOf, RuntimeFailedError } from '../errors.ts';
import type { Blocks } from '../graph/blocks.ts';
import type { ModelGraph } from '../graph/model-graph.ts';
import { packBlob } from '../graph/pack.ts';
import { type Piece, piecesOf } from '../graph/pieces.ts';
import { type Guess, guesses } from '../graph/sample-inputs.ts';
import { makeShard } from '../graph/shard.ts';
import type { Epoch, PeerId, Sha256 } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { HeldPiece, LinkReport, ToldPiece } from '../protocol/messages.ts';
import type { OriginCard } from '../protocol/origin-card.ts';
import type { SessionEvent } from '../session/events.ts';
import { NO_RULES } from '../session/reduce.ts';
import type {
  DeviceCard,
  ModelCard,
  PlanMode,
  PlanRules,
  PlanView,
  Progress,
  Seat,
} from '../session/state.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { PieceLedger } from '../weights/ledger.ts';
import { forgetManifest, rememberManifest } from '../weights/manifest.ts';
import { VERIFY } from '../weights/origin-lanes.ts';
import { type Calibration, calibrate } from './calibrate.ts';
import { type LeaderEars, type Member, MODEL_CHANGED } from './member.ts';
import { planFor, sameAssignment } from './plan-for.ts';
import { ShardCourier } from './shard-courier.ts';
import type { ExecutorOptions } from './stage-executor.ts';

/** Several devices often become ready together: one plan for all of them. */
const SETTLE_MS = 250;
/** As many as the page has colours for devices. */
const COLOURS = 8;

/** Owner of the ranges of picked files on the leader's shelf. */
const FILES = 'files of the model';

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
  /** One input of the shapes in use, to measure with. */
  readonly sample: (guess: Guess) => readonly Tensor[];
}

export interface LeaderOptions {
  readonly member: Member;
  readonly network: Network;
  readonly clock: Clock;
  readonly runtime: () => ExecutorOptions;
  readonly emit: (event: SessionEvent) => void;
}

/**
 * Cuts the model for the devices that are here and keeps the plan fitting while they come and go. One
 * change at a time: a newer wish aborts the older one, and each plan has an epoch of its own.
 */
export class Leader implements LeaderEars {
  readonly #options: LeaderOptions;
  readonly #courier: ShardCourier;
  readonly #cards = new Map<PeerId, DeviceCard>();
  readonly #links = new Map<PeerId, readonly LinkReport[]>();
  /** Devices that failed to load a stage of this model, and why: not asked again until the next model. */
  readonly #failed = new Map<PeerId, string>();
  #model: OpenModel | undefined;
  #calibration: Calibration | undefined;
  #calibrating: AbortController | undefined;
  #mode: PlanMode = 'everyone';
  #rules: PlanRules = NO_RULES;
  #plan: PlanView | null = null;
  #preparing: Progress | null = null;
  #epoch = 0;
  /** Names the model in messages about its pieces; another name for each opening, over reloads too. */
  #key = '';
  #ledger: PieceLedger = new PieceLedger([], null);
  #seats: Seat[] = [];
  #timer: number | undefined;
  #replanning: AbortController | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#courier = new ShardCourier(
      options.network,
      options.member.host,
      options.member.shelf,
      options.clock,
    );
    this.#cards.set(options.member.me, options.member.card);
    options.member.lead(this);
    this.#seat();
  }

  /** Measures a model on this device, then shares it out. Replaces the model before. False when it does not run here. */
  async open(model: OpenModel): Promise<boolean> {
    this.#calibrating?.abort(new Error('another model was chosen'));
    this.#replanning?.abort(new Error('another model was chosen'));
    this.#options.member.asker.failAll('wait for the answer', MODEL_CHANGED);
    const control = new AbortController();
    this.#calibrating = control;
    this.#model = model;
    this.#key = `${this.#options.network.me}-${this.#options.clock.now().toString(36)}`;
    this.#ledger = new PieceLedger(piecesOf(model.graph, model.blocks).all, model.origin, model.hashes);
    this.#options.member.shelf.clear(FILES);
    for (const peer of [this.#options.network.me, ...this.#options.network.peers()]) this.#seek(peer);
    this.#calibration = undefined;
    this.#failed.clear();
    this.#publishPlan(null);
    this.#tellModel();
    return this.#calibrate(model, control.signal);
  }

  /** Gives the model up, and with it whatever is being measured or loaded. */
  drop(): void {
    const { clock, emit } = this.#options;
    this.#calibrating?.abort(new Error('the model was given up'));
    this.#replanning?.abort(new Error('the model was given up'));
    this.#options.member.asker.failAll('wait for the answer', MODEL_CHANGED);
    this.#model = undefined;
    this.#calibration = undefined;
    this.#options.member.shelf.clear(FILES);
    this.#prepare(null);
    this.#publishPlan(null);
    emit({ type: 'ModelChanged', model: { kind: 'none' }, at: clock.now() });
    this.#tellModel();
  }

  setMode(mode: PlanMode): void {
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.#options.emit({ type: 'ModeChanged', mode });
    this.#publish();
    this.#schedule();
  }

  setRules(rules: PlanRules): void {
    this.#rules = rules;
    this.#options.emit({ type: 'RulesChanged', rules });
    this.#publish();
    this.#schedule();
  }

  close(): void {
    this.#calibrating?.abort(new Error('the session ended'));
    this.#replanning?.abort(new Error('the session ended'));
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
  }

  peerUp(peer: PeerId): void {
    const { network } = this.#options;
    network.sendControl(peer, { type: 'model', model: this.#model?.card ?? null });
    this.#seek(peer);
    this.#publish();
  }

  peerDown(peer: PeerId): void {
    this.#cards.delete(peer);
    this.#links.delete(peer);
    this.#failed.delete(peer);
    this.#courier.forget(peer);
    this.#tellPieces(this.#ledger.gone(peer));
    this.#seat();
    if (this.#plan?.stages.some((stage) => stage.peer === peer)) {
      this.#replanning?.abort(new Error('a device left'));
      this.#publishPlan(null);
    }
    this.#schedule();
  }

  cardChanged(card: DeviceCard): void {
    const before = this.#cards.get(card.peer);
    this.#cards.set(card.peer, card);
    if (!before) this.#seat();
    if (before?.status !== card.status || before.profile?.benchMs !== card.profile?.benchMs) {
      if (
        card.peer === this.#options.member.me &&
        card.status !== 'measuring' &&
        this.#model &&
        !this.#calibration
      ) {
        this.#calibrating ??= new AbortController();
        void this.#calibrate(this.#model, this.#calibrating.signal);
      }
      this.#schedule();
    }
  }

  linksReported(peer: PeerId, links: readonly LinkReport[]): void {
    this.#links.set(peer, links);
    this.#schedule();
  }

  stageReady(peer: PeerId, epoch: number, stage: number): void {
    this.#courier.ready(peer, epoch, stage);
  }

  stageFailed(peer: PeerId, epoch: number, stage: number, step: string, message: string): void {
    this.#courier.failed(peer, epoch, stage, step, message);
    const running = this.#plan?.status === 'running' && this.#plan.epoch === epoch;
    if (running && this.#plan?.stages[stage]?.peer === peer) this.#exclude(peer, `${step}: ${message}`);
  }

  stageProgress(peer: PeerId, epoch: number): void {
    this.#courier.progressed(peer, epoch);
  }

  piecesHeld(peer: PeerId, model: string, pieces: readonly HeldPiece[]): void {
    if (model !== this.#key) return;
    const { tell, disputed } = this.#ledger.held(peer, pieces);
    this.#tellPieces(tell);
    if (disputed.length > 0) this.#suspect(peer);
  }

  pieceCorrupt(model: string, id: number, from: PeerId): void {
    if (model !== this.#key) return;
    this.#ledger.corrupt(from, id);
    this.#suspect(from);
  }

  #suspect(peer: PeerId): void {
    const { emit, clock } = this.#options;
    const name = this.#cards.get(peer)?.name ?? 'A device';
    const message = `${name} sent damaged weights. They were thrown away and are fetched from elsewhere.`;
    emit({ type: 'NoticeRaised', tone: 'warn', message, at: clock.now() });
  }

  #tellPieces(tell: ReadonlyMap<PeerId, readonly ToldPiece[]>): void {
    const { network, member } = this.#options;
    for (const [peer, pieces] of tell) {
      if (peer === network.me) member.gatherer.told(this.#key, pieces);
      else network.sendControl(peer, { type: 'pieces-told', model: this.#key, pieces });
    }
  }

  /** Asks a device what it has of this model from earlier visits; this one too. */
  #seek(peer: PeerId): void {
    const { network, member } = this.#options;
    const pieces = this.#ledger.hashes.flatMap((hash, id) => (hash ? [{ id, hash }] : []));
    if (pieces.length === 0) return;
    if (peer === network.me) void member.lookFor(this.#key, pieces);
    else network.sendControl(peer, { type: 'pieces-sought', model: this.#key, pieces });
  }

  /** Hashes what of the weights is on this device, so that everybody can verify what comes from here. */
  async #vouch(model: OpenModel, signal: AbortSignal): Promise<void> {
    const { shelf, me } = this.#options.member;
    for (const piece of piecesOf(model.graph, model.blocks).all) {
      signal.throwIfAborted();
      const blob = localPiece(model, piece);
      if (!blob) continue;
      const hash = await shelf.digest(new Uint8Array(await blob.arrayBuffer()));
      if (signal.aborted) return;
      shelf.lay(FILES, hash, blob);
      this.#ledger.held(me, [{ id: piece.id, hash }]);
    }
  }

  async #calibrate(model: OpenModel, signal: AbortSignal): Promise<boolean> {
    const { member, runtime, clock } = this.#options;
    // Measured as soon as this device is.
    if (member.card.status === 'measuring') return true;
    if (member.card.status === 'refused') {
      return this.#cannotRun(model, `this device may not hold layers. ${member.card.refusal ?? ''}`);
    }
    const { blobOf } = model;
    // Waited for below; until then a failure must not count as unheard.
    const vouched = this.#vouch(model, signal);
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
          clock,
          memoryBytes: member.card.profile?.memoryBytes ?? 0,
          onProgress: (fraction) => this.#prepare({ step: 'Measuring the model', fraction }),
          signal,
        }),
      }));
      await vouched;
      signal.throwIfAborted();
      this.#calibration = calibration;
      if (guess.open !== undefined || guess.ids !== undefined) {
        this.#model = { ...model, card: { ...model.card, guess } };
        this.#tellModel();
      }
      this.#schedule(0);
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

  #schedule(delayMs: number = SETTLE_MS): void {
    const { clock } = this.#options;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      void this.#replan();
    }, delayMs);
  }

  async #replan(): Promise<void> {
    const { member, network, emit, clock } = this.#options;
    const model = this.#model;
    const calibration = this.#calibration;
    if (!model || !calibration) return;
    const here = new Set([member.me, ...network.peers()]);
    const cards = [...this.#cards.values()].filter((card) => here.has(card.peer));
    const epoch = (this.#epoch + 1) as Epoch;
    const planned = planFor({
      home: member.me,
      cards,
      links: this.#links,
      failed: this.#failed,
      calibration,
      mode: this.#mode,
      epoch,
      current: this.#plan,
    });
    if ('infeasible' in planned) {
      this.#replanning?.abort(new Error('no plan fits'));
      this.#publishPlan(null);
      emit({ type: 'NoticeRaised', tone: 'warn', message: planned.infeasible, at: clock.now() });
      return;
    }
    const wanted = withTrueWeights(planned, model);
    if (this.#plan && sameAssignment(this.#plan, wanted)) {
      return this.#publishPlan({ ...wanted, epoch: this.#plan.epoch, status: this.#plan.status });
    }
    this.#replanning?.abort(new Error('a newer plan'));
    const control = new AbortController();
    this.#replanning = control;
    this.#epoch = epoch;
    this.#publishPlan(wanted);
    const outcome = await this.#courier.deliver({
      plan: wanted,
      model,
      key: this.#key,
      ledger: this.#ledger,
      samples: calibration.boundarySamples,
    });
    if (control.signal.aborted || outcome.kind === 'superseded') return;
    if (outcome.kind === 'failed') {
      if (outcome.step === VERIFY && model.origin) {
        // What earlier visits learned of that address is of another version.
        await forgetManifest(member.shelf.store, model.origin);
      }
      this.#exclude(outcome.peer, `${outcome.step}: ${outcome.message}`);
      return;
    }
    this.#publishPlan({ ...(this.#plan ?? wanted), status: 'running' });
    await this.#remember(model);
  }

  /** What the room learned of the pieces at the origin, for the next visit. */
  async #remember({ origin, graph, blocks }: OpenModel): Promise<void> {
    if (!origin) return;
    const files = new Map(origin.files.map(({ name }, at) => [name, at]));
    const pieces = piecesOf(graph, blocks).all.flatMap(({ id, file, offset, length }) => {
      const hash = this.#ledger.hashes[id];
      return hash ? [[{ file: files.get(file) ?? 0, offset, length }, hash] as const] : [];
    });
    await rememberManifest(this.#options.member.shelf.store, origin, pieces);
  }

  /** A device could not take its stage: the room goes on without it. */
  #exclude(peer: PeerId, why: string): void {
    const { emit, clock } = this.#options;
    const name = this.#cards.get(peer)?.name ?? 'A device';
    this.#failed.set(peer, why);
    emit({
      type: 'NoticeRaised',
      tone: 'warn',
      message: `${name} could not take its layers (${why}). The others share them.`,
      at: clock.now(),
    });
    this.#publishPlan(null);
    this.#schedule(0);
  }

  #prepare(preparing: Progress | null): void {
    this.#preparing = preparing;
    this.#options.emit({ type: 'PreparationChanged', preparing });
    this.#publish();
  }

  #publishPlan(plan: PlanView | null): void {
    this.#plan = plan;
    this.#options.emit({ type: 'PlanChanged', plan, at: this.#options.clock.now() });
    this.#options.member.asker.setPlan(plan);
    this.#options.member.releaseUnless(plan);
    this.#publish();
  }

  /** Seats the devices that are here; whoever stays keeps its colour. */
  #seat(): void {
    const kept = this.#seats.filter(({ peer }) => this.#cards.has(peer));
    for (const peer of this.#cards.keys()) {
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
    const { network } = this.#options;
    const seats = this.#seats;
    const message = {
      type: 'room',
      mode: this.#mode,
      rules: this.#rules,
      plan: this.#plan,
      preparing: this.#preparing,
      seats,
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

function localPiece({ blobOf, atHand }: OpenModel, piece: Piece): Blob | null {
  const bytes = atHand.get(piece.id);
  if (bytes) return new Blob([bytes]);
  return blobOf && packBlob([piece], blobOf);
}

/** Blocks may share weights, so a stage can hold less than its blocks add up to. */
function withTrueWeights(plan: PlanView, { graph, blocks }: OpenModel): PlanView {
  const stages = plan.stages.map((stage) => ({
    ...stage,
    weightBytes: makeShard(graph, blocks, stage.start, stage.end).weightBytes,
  }));
  return { ...plan, stages };
}
