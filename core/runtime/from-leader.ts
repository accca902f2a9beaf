import type { ControlMessage } from '../protocol/messages.ts';
import { NO_RULES } from '../session/reduce.ts';
import type { ModelCard, PlanMode, PlanRules, PlanView, Seat, SetAside } from '../session/state.ts';
import type { Activations } from './activations.ts';
import type { AuditsLater } from './audit/audits-later.ts';
import { guard } from './guard.ts';
import type { Heir } from './heir.ts';
import type { MemberBase } from './member-base.ts';
import type { OwnTimes } from './own-times.ts';
import type { OwnWeights } from './own-weights.ts';
import type { Turns } from './turns.ts';

/** Why open requests fail when another model is chosen: their input was made for the one before. */

/** What a device heeds from its leader alone. */
export type LeaderMessage = Extract<
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

/** What the leader last said of the room. */
export interface RoomTold {
  readonly mode: PlanMode;
  readonly rules: PlanRules;
  readonly seats: readonly Seat[];
  readonly plan: PlanView | null;
  readonly setAside?: readonly SetAside[];
}

export interface FromLeaderOptions extends MemberBase {
  readonly activations: Activations;
  readonly weights: OwnWeights;
  readonly audits: AuditsLater;
  readonly times: OwnTimes;
  readonly turns: Turns;
  readonly heir: Heir;
  readonly setPlan: (plan: PlanView | null) => void;
  readonly setAside: (setAside: readonly SetAside[]) => void;
}

/** Does what the leader of another page says. */
export class FromLeader {
  readonly #options: FromLeaderOptions;
  #told: RoomTold = { mode: 'everyone', rules: NO_RULES, seats: [], plan: null };
  /** The model that the leader last told of, as text. */
  #model: string | undefined;

  constructor(options: FromLeaderOptions) {
    this.#options = options;
  }

  /** What the leader last said of the room. */
  get told(): RoomTold {
    return this.#told;
  }

  /** This device has led meanwhile: the plan before it says nothing any more. */
  forgetPlan(): void {
    this.#told = { ...this.#told, plan: null };
  }

  hear(message: LeaderMessage): void {
    const { emit, clock, activations, weights, audits, times, turns, heir } = this.#options;
    switch (message.type) {
      case 'model':
        this.#modelTold(message.model);
        break;
      case 'room':
        this.#roomTold(message);
        break;
      case 'load-stage':
        guard(() => activations.host.prepare(message), emit, clock);
        break;
      case 'measure-parts':
        times.measure(message);
        break;
      case 'pieces-told':
        weights.gatherer.told(message.model, message.pieces);
        break;
      case 'pieces-sought':
        void weights.lookFor(message.model, message.pieces);
        break;
      case 'turn':
        turns.told(message.ticket, message.place);
        break;
      case 'legacy':
        void heir.told(message);
        break;
      case 'spare-pieces':
        void heir.keep(message.model, message.label, message.pieces);
        break;
      case 'audit-terms':
        audits.told(message);
        break;
      case 'recompute':
        audits.asked(message);
        break;
    }
  }

  #modelTold(card: ModelCard | null): void {
    const { emit, clock, activations } = this.#options;
    const told = JSON.stringify(card);
    if (this.#model !== undefined && this.#model !== told) activations.asker.modelChanged();
    this.#model = told;
    emit({ type: 'ModelChanged', model: card ? { kind: 'ready', card } : { kind: 'none' }, at: clock.now() });
  }

  #roomTold(message: Extract<LeaderMessage, { type: 'room' }>): void {
    const { emit, clock, setPlan, setAside } = this.#options;
    this.#told = message;
    emit({ type: 'ModeChanged', mode: message.mode });
    emit({ type: 'RulesChanged', rules: message.rules });
    emit({ type: 'SeatsChanged', seats: message.seats });
    setAside(message.setAside ?? []);
    emit({ type: 'PlanChanged', plan: message.plan, at: clock.now() });
    emit({ type: 'PreparationChanged', preparing: message.preparing });
    setPlan(message.plan);
  }
}
