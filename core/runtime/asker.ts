import { OverloadedError, RequestFailedError } from '../errors.ts';
import type { Epoch, PeerId, RequestId } from '../ids.ts';
import type { Decode } from '../language/decode.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Activation } from '../protocol/frame.types.ts';
import { holdersOf } from '../session/holders.ts';
import type { PlanView, StageTiming } from '../session/state.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { ofSequence, soonest } from './share-out.ts';

/** Requests that may wait in this page; one more is refused with an OverloadedError. */
const WAITING_LIMIT = 256;
/** And their inputs, which are kept until the answer: what a phone can spare. One request is taken at least. */
const WAITING_BYTES = 256 * 1024 * 1024;
/** In flight for each holder of a stage: one computing and one arriving keep it busy, more only wait elsewhere. */
const IN_FLIGHT_PER_HOLDER = 2;
/** A request that gets no answer for this long fails, whatever the reason. */
const DEADLINE_MS = 180_000;

/** A broken link is direct or relayed again within a second or so, or the leader has made another plan. */
const AGAIN_MS = 1000;

/** Why an open sequence cannot go on: what the devices kept of it belongs to an older plan, or is half a run ahead. */
const PLAN_CHANGED =
  'The layers moved to other devices, and the state of this sequence was lost with the old plan. Begin a new one.';
const LINK_BROKE =
  'A link broke during a run, and the state of this sequence was lost with it. Begin a new one.';

/** A run's place in a sequence: see `sequence.ts`. */
/** Ends whatever was asked of the model before. */
export const MODEL_CHANGED = 'The model was changed.';

export interface SequencePlace {
  readonly sequence: number;
  readonly step: number;
  /** The plan that the runs before ran under; null at the first. */
  readonly epoch: Epoch | null;
  /** What a run of a decoder asks besides. */
  readonly decode?: Decode;
}

const PLAIN: SequencePlace = { sequence: 0, step: 0, epoch: null };

export interface AskResult {
  readonly request: RequestId;
  /** The plan that it ran under. */
  readonly epoch: Epoch;
  /** The model's outputs in the order of the graph, in a sequence without those kept on the devices; the caller owns them. */
  readonly tensors: readonly Tensor[];
  readonly latencyMs: number;
  readonly stages: readonly StageTiming[];
}

/** What became of a request, for whoever keeps a record. */
export interface AskerNews {
  answered(request: RequestId, epoch: Epoch, place: SequencePlace, askedAt: number): void;
  /** It had entered before, and enters once more. */
  again(request: RequestId): void;
}

interface Pending {
  readonly request: RequestId;
  readonly askedAt: number;
  readonly tensors: readonly Tensor[];
  readonly place: SequencePlace;
  readonly resolve: (result: AskResult) => void;
  readonly reject: (error: Error) => void;
  timer: number;
  /** When and where it entered stage 0 under the present plan; undefined while it waits. */
  sent: { readonly at: number; readonly to: PeerId } | undefined;
  /** The one of these that is to be given up and done again. */
  again?: Pending['sent'];
  entered: boolean;
}

/** What was asked, and what came of it. */
export interface Answered {
  readonly request: RequestId;
  readonly asked: readonly Tensor[];
  readonly answer: readonly Tensor[];
  /** It belongs to a sequence, and cannot be asked again by itself. */
  readonly inSequence: boolean;
}

export interface AskerOptions {
  readonly me: PeerId;
  readonly clock: Clock;
  /** Hands an activation to the holder of stage 0, which may be this device. Must not detach the tensors. */
  readonly forward: (to: PeerId, activation: Activation) => Promise<void>;
  /** An answer is here, of a plan that runs still; nothing of it may be kept without a copy. */
  readonly answered?: (answer: Answered) => void;
  /** Tells all devices that a sequence of this page has ended. */
  readonly endSequence: (sequence: number) => void;
  readonly news?: AskerNews;
}

/**
 * This page's own requests. Keeps each input until its answer is here, and enters it again when the plan
 * changes, so that no request is lost with a device.
 */
export class Asker {
  readonly #options: AskerOptions;
  #models = 0;
  readonly #pending = new Map<RequestId, Pending>();
  #plan: PlanView | null = null;
  #next = 1;
  #nextSequence = 1;

  constructor(options: AskerOptions) {
    this.#options = options;
  }

  get plan(): PlanView | null {
    return this.#plan;
  }

  /** Requests without an answer. */
  get open(): number {
    return this.#pending.size;
  }

  /** The running plan, or null while there is none; requests wait meanwhile. */
  setPlan(plan: PlanView | null): void {
    const running = plan?.status === 'running' ? plan : null;
    if (running?.epoch === this.#plan?.epoch) return;
    this.#plan = running;
    for (const pending of [...this.#pending.values()]) {
      // A first run begins its sequence anew; a later one may have been done by some stages and not by others.
      const underWay = pending.place.step > 0 && pending.sent !== undefined;
      if (underWay || this.#outlived(pending.place)) this.#reject(pending.request, 'state', PLAN_CHANGED);
      pending.sent = undefined;
    }
    this.#pump();
  }

  /** A number for a new sequence; 0 is that of plain runs. */
  newSequence(): number {
    return this.#nextSequence++;
  }

  /** No run of this sequence will come any more. */
  endSequence(sequence: number): void {
    this.#options.endSequence(sequence);
  }

  /**
   * Runs the model once. `tensors`: its inputs in the order of the graph, in a sequence without the states that the
   * devices keep; they are kept unchanged until the answer.
   * @throws OverloadedError, RequestFailedError, or the signal's reason.
   */
  ask(
    tensors: readonly Tensor[],
    options: { signal?: AbortSignal; place?: SequencePlace } = {},
  ): Promise<AskResult> {
    const { place = PLAIN } = options;
    options.signal?.throwIfAborted();
    const full = this.#full(tensors);
    if (full) return Promise.reject(full);
    if (this.#outlived(place)) return Promise.reject(new RequestFailedError(PLAN_CHANGED, { step: 'state' }));
    const request = this.#next++ as RequestId;
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.setTimeout(
        () => this.#fail(request, 'wait for the answer', `No answer came within ${DEADLINE_MS / 1000} s.`),
        DEADLINE_MS,
      );
      const askedAt = this.#options.clock.now();
      const pending = { request, askedAt, tensors, place, resolve, reject, timer };
      this.#pending.set(request, { ...pending, sent: undefined, entered: false });
      options.signal?.addEventListener('abort', () => {
        if (this.#settle(request)) reject(options.signal?.reason);
      });
      this.#pump();
    });
  }

  /** A result frame. Answers to unknown requests or of older epochs are dropped. */
  receive(activation: Activation): void {
    const pending = this.#pending.get(activation.request);
    if (!pending?.sent || activation.epoch !== this.#plan?.epoch) return;
    const latencyMs = this.#options.clock.now() - pending.sent.at;
    this.#settle(activation.request);
    const { request, tensors: asked, place } = pending;
    this.#options.news?.answered(request, activation.epoch, place, pending.askedAt);
    this.#options.answered?.({
      request,
      asked,
      answer: activation.tensors,
      inSequence: place.sequence !== 0,
    });
    pending.resolve({
      request: activation.request,
      epoch: activation.epoch,
      tensors: activation.tensors,
      latencyMs,
      stages: activation.trail,
    });
    this.#pump();
  }

  /** A stage could not finish a request of ours. */
  failed(request: RequestId, epoch: number, step: string, message: string): void {
    if (epoch !== this.#plan?.epoch) return;
    if (step === 'send') this.#again(request);
    else this.#fail(request, step, message);
  }

  /** A link of this plan ended: what is under way may have been on it. */
  hopBroken(epoch: number): void {
    if (epoch !== this.#plan?.epoch) return;
    for (const { request, sent } of [...this.#pending.values()]) if (sent) this.#again(request);
  }

  /** How often the room has changed its model: what was asked of the one before is of no use to the next. */
  get models(): number {
    return this.#models;
  }

  /** The room has another model, or none: fails everything that is open. */
  modelChanged(): void {
    this.#models++;
    this.failAll('wait for the answer', MODEL_CHANGED);
  }

  /** Fails everything that is open, for example because the session ended. */
  failAll(step: string, message: string): void {
    for (const request of [...this.#pending.keys()]) this.#fail(request, step, message);
  }

  /** Why no more than what waits can be taken. */
  #full(tensors: readonly Tensor[]): OverloadedError | undefined {
    const { size } = this.#pending;
    const step = 'queue a request';
    if (size >= WAITING_LIMIT) {
      const data = { step, expected: `at most ${WAITING_LIMIT} waiting`, actual: `${size}` };
      return new OverloadedError(`${WAITING_LIMIT} requests are already waiting. Try again shortly.`, data);
    }
    const waiting = [...this.#pending.values()].reduce((sum, pending) => sum + bytesOf(pending.tensors), 0);
    if (size === 0 || waiting + bytesOf(tensors) <= WAITING_BYTES) return undefined;
    const data = { step, expected: `at most ${WAITING_BYTES} bytes of input waiting`, actual: `${waiting}` };
    return new OverloadedError(
      'The inputs that wait already fill the memory for them. Try again shortly.',
      data,
    );
  }

  #fail(request: RequestId, step: string, message: string): void {
    this.#reject(request, step, message);
    this.#pump();
  }

  #reject(request: RequestId, step: string, message: string): void {
    this.#settle(request)?.reject(new RequestFailedError(message, { step }));
  }

  /** The sequence began under a plan that is not the present one. */
  #outlived({ epoch }: SequencePlace): boolean {
    return epoch !== null && this.#plan !== null && epoch !== this.#plan.epoch;
  }

  /** A link broke under the request: it enters again shortly, or with the next plan, until its deadline. */
  #again(request: RequestId): void {
    const pending = this.#pending.get(request);
    if (!pending) return;
    if (pending.place.step > 0) {
      this.#fail(request, 'state', LINK_BROKE);
      return;
    }
    const { sent } = pending;
    // However often it is told, it enters once more.
    if (!sent || pending.again === sent) return;
    pending.again = sent;
    this.#options.clock.setTimeout(() => {
      // Another plan may have had it enter meanwhile.
      if (pending.sent === sent) pending.sent = undefined;
      this.#pump();
    }, AGAIN_MS);
  }

  #settle(request: RequestId): Pending | undefined {
    const pending = this.#pending.get(request);
    if (pending) this.#options.clock.clearTimeout(pending.timer);
    this.#pending.delete(request);
    return pending;
  }

  #pump(): void {
    const plan = this.#plan;
    const [first] = plan?.stages ?? [];
    if (!plan || !first) return;
    const doors = holdersOf(first);
    const depth = IN_FLIGHT_PER_HOLDER * plan.stages.reduce((sum, stage) => sum + holdersOf(stage).length, 0);
    const inside = new Map<PeerId, number>();
    const enter = (peer: PeerId): void => void inside.set(peer, (inside.get(peer) ?? 0) + 1);
    for (const { sent, place } of this.#pending.values()) if (sent && !isNextWord(place)) enter(sent.to);
    // Runs of a sequence leave in order, and plain runs (0) too.
    const held = new Set<number>();
    for (const pending of [...this.#pending.values()]) {
      if (pending.sent || held.has(pending.place.sequence)) continue;
      if (isNextWord(pending.place)) {
        const door = ofSequence(doors, pending.place.sequence);
        if (door !== undefined) this.#send(pending, plan.epoch, door);
        continue;
      }
      const open = doors.filter(({ peer }) => (inside.get(peer) ?? 0) < depth / doors.length);
      const load = (peer: PeerId): number => inside.get(peer) ?? 0;
      const to = ofSequence(doors, pending.place.sequence) ?? soonest(open, load)?.peer;
      if (open.length === 0 || to === undefined) {
        held.add(pending.place.sequence);
        continue;
      }
      enter(to);
      this.#send(pending, plan.epoch, to);
    }
  }

  #send(pending: Pending, epoch: Epoch, to: PeerId): void {
    const { clock, me: origin, forward } = this.#options;
    pending.sent = { at: clock.now(), to };
    const { request, tensors, place } = pending;
    if (pending.entered) this.#options.news?.again(request);
    pending.entered = true;
    const activation: Activation = {
      epoch,
      origin,
      request,
      sequence: place.sequence,
      step: place.step,
      ...(place.decode && { decode: place.decode }),
      microBatch: 0,
      microBatches: 1,
      stage: 0,
      trail: [],
      tensors,
    };
    forward(to, activation).catch(() => this.#again(request));
  }
}

/**
 * Of each text there is one such run at a time, and few texts are written at once: they may all be inside, and run
 * together.
 */
function isNextWord({ decode }: SequencePlace): boolean {
  return decode !== undefined && decode.picks > 0 && decode.count === decode.picks;
}

function bytesOf(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
}
