import { messageOf, RuntimeFailedError } from '../core/errors.ts';
import type { PeerId } from '../core/ids.ts';
import { systemClock } from '../core/mesh/clock.ts';
import type { Mesh } from '../core/mesh/mesh.ts';
import type { Planner } from '../core/plan/question.ts';
import { Leader } from '../core/runtime/leader.ts';
import { Member } from '../core/runtime/member.ts';
import type { OpenModel } from '../core/runtime/open-model.ts';
import type { ExecutorOptions } from '../core/runtime/stage-executor.ts';
import { takeoverOf } from '../core/runtime/take-over.ts';
import type { Term } from '../core/runtime/term.ts';
import type { SessionEvent } from '../core/session/events.ts';
import { initialState, reduce } from '../core/session/reduce.ts';
import type { DeviceCard, EndReason, PlanMode, SessionState } from '../core/session/state.ts';
import type { OriginFactory } from '../core/weights/origin.ts';
import type { Shelf } from '../core/weights/shelf.ts';
import { type NodeDevice, type NodeProfile, profileNode } from './node-profile.ts';

/** What a peer without a page is made of. */
export interface PeerParts {
  /** `status: measuring`; the session measures. */
  readonly card: DeviceCard;
  readonly network: Mesh;
  readonly device: NodeDevice;
  readonly shelf: Shelf;
  readonly origins: OriginFactory;
  readonly planner: Planner;
  /** Whole numbers below 2^32 that nobody can guess. */
  readonly random32: () => number;
  readonly door: Door;
  /** What the room is to run, and how, if this peer opens it. Opened when it leads. */
  readonly model?: { readonly open: () => Promise<OpenModel>; readonly mode: PlanMode };
  /** Hears of each change; of `before` and `after` something differs. */
  readonly changed: (before: SessionState, after: SessionState) => void;
}

/** What the session tells the signaling server. */
export interface Door {
  lead(term: Term): void;
  yield(): void;
  leave(): void;
}

/** The last words to the others leave this peer before the server hears that it goes. */
const LAST_WORDS_MS = 150;

/** One peer in one room, without a page: a member like every other, and a leader when its turn comes. */
export class PeerSession {
  readonly member: Member;
  readonly #parts: PeerParts;
  #state: SessionState;
  #leader: Leader | undefined;
  #measured: NodeProfile | undefined;

  constructor(parts: PeerParts) {
    const { network, card, device, shelf, origins } = parts;
    this.#parts = parts;
    this.#state = initialState(card.peer);
    this.member = new Member({
      network,
      clock: systemClock,
      executors: () => {
        if (this.#measured) return device.executors();
        const data = { step: 'start the runtime', expected: 'a measured device', actual: 'not measured yet' };
        throw new RuntimeFailedError('This device is still being measured.', data);
      },
      runtime: () => this.#runtime(),
      shelf,
      origins,
      emit: (event) => this.emit(event),
      card,
      online: () => this.#state.server === 'open',
      led: (term) => this.#led(term),
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  emit(event: SessionEvent): void {
    const before = this.#state;
    this.#state = reduce(before, event);
    this.#parts.changed(before, this.#state);
  }

  /** Inside the room; `leader` as the server knows it. */
  entered(leader: PeerId, others: number): void {
    const { kind } = this.#state.phase;
    if (kind === 'opening' || kind === 'knocking') this.emit({ type: 'RoomEntered', leader, at: Date.now() });
    this.member.entered(leader, others);
  }

  /** Measures this computer and tells the room: ready, or refused with the reason. Never rejects. */
  async measure(): Promise<void> {
    const { member } = this;
    const found = await profileNode(this.#parts.device, (progress) => member.setCard({ progress })).catch(
      (error): NodeProfile => ({ kind: 'refused', why: messageOf(error) }),
    );
    if (found.kind === 'refused') {
      member.setCard({ status: 'refused', progress: null, refusal: found.why });
      return;
    }
    this.#measured = found;
    member.setCard({ status: 'ready', progress: null, profile: found.profile });
  }

  /** Says goodbye to everybody, and gives all back. */
  end(reason: EndReason, message: string): void {
    if (this.#state.phase.kind === 'ended') return;
    this.#leader?.close();
    this.member.close(message);
    // What goes through the server is sealed first, which takes a moment.
    systemClock.setTimeout(() => this.#parts.door.leave(), LAST_WORDS_MS);
    this.emit({ type: 'SessionEnded', reason, message });
  }

  #runtime(): ExecutorOptions {
    return this.#measured?.kind === 'ready' ? this.#measured.options : { provider: 'cpu', threads: 1 };
  }

  /** This device leads, under this term; or no more. */
  #led(term: Term | null): void {
    const { door, network, planner, random32, model } = this.#parts;
    if (term === null) {
      this.#leader?.close();
      this.#leader = undefined;
      door.yield();
      return;
    }
    door.lead(term);
    if (this.#leader) {
      this.#leader.setTerm(term);
      return;
    }
    const { member } = this;
    const takeover = member.told.seats.length > 0 ? takeoverOf(member) : undefined;
    const runtime = (): ExecutorOptions => this.#runtime();
    const emit = (event: SessionEvent): void => this.emit(event);
    const common = { member, network, clock: systemClock, planner, runtime, emit, term, random32 };
    this.#leader = new Leader({ ...common, ...(takeover && { takeover }) });
    if (takeover || !model) return;
    this.#leader.setMode(model.mode);
    void this.#open(model.open);
  }

  async #open(open: () => Promise<OpenModel>): Promise<void> {
    try {
      const model = await open();
      await this.#leader?.open(model);
    } catch (error) {
      const failed = { kind: 'failed', name: 'the model', step: 'open the model' } as const;
      this.emit({ type: 'ModelChanged', model: { ...failed, message: messageOf(error) }, at: Date.now() });
    }
  }
}
