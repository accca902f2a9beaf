import type { PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { SessionEvent } from '../session/events.ts';
import { NO_RULES } from '../session/reduce.ts';
import type { ModelCard, PlanMode, PlanRules, PlanView, Progress, Seat, SetAside } from '../session/state.ts';

/** What the leader says of the room besides model and plan. */
export interface Announced {
  readonly mode: PlanMode;
  readonly rules: PlanRules;
  readonly preparing: Progress | null;
  readonly seats: readonly Seat[];
  readonly setAside: readonly SetAside[];
}

export interface AnnouncerOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly emit: (event: SessionEvent) => void;
  readonly plan: () => PlanView | null;
}

/** Tells everybody, this page too, what the leader has to say of the room. */
export class Announcer {
  /** What the leader before said holds until this device knows what there is to lead. */
  silent: boolean;
  readonly #options: AnnouncerOptions;
  #card: ModelCard | null = null;
  #announced: Announced = { mode: 'everyone', rules: NO_RULES, preparing: null, seats: [], setAside: [] };

  constructor(options: AnnouncerOptions, silent: boolean) {
    this.#options = options;
    this.silent = silent;
  }

  get announced(): Announced {
    return this.#announced;
  }

  /** Goes out with the next {@link publish}. */
  note(change: Partial<Announced>): void {
    this.#announced = { ...this.#announced, ...change };
  }

  /** Tells this page by the event, the others the change. */
  announce(change: Partial<Announced>, event: SessionEvent): void {
    this.note(change);
    this.#options.emit(event);
    this.publish();
  }

  prepare(preparing: Progress | null): void {
    this.announce({ preparing }, { type: 'PreparationChanged', preparing });
  }

  publish(): void {
    if (this.silent) return;
    const { network, plan } = this.#options;
    const { setAside, ...room } = this.#announced;
    const message = {
      type: 'room',
      ...room,
      plan: plan(),
      ...(setAside.length > 0 && { setAside }),
    } as const;
    for (const peer of network.peers()) network.sendControl(peer, message);
  }

  /** Null where there is no model any more: why, this page is told elsewhere. */
  tellModel(card: ModelCard | null): void {
    const { network, emit, clock } = this.#options;
    this.#card = card;
    if (card) emit({ type: 'ModelChanged', model: { kind: 'ready', card }, at: clock.now() });
    for (const peer of network.peers()) network.sendControl(peer, { type: 'model', model: card });
  }

  /** A device follows this one, and may not know the model. */
  greet(peer: PeerId): void {
    if (!this.silent) this.#options.network.sendControl(peer, { type: 'model', model: this.#card });
  }

  warn(message: string): void {
    const { emit, clock } = this.#options;
    emit({ type: 'NoticeRaised', tone: 'warn', message, at: clock.now() });
  }
}
