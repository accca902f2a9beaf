import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { Planner } from '../plan/question.ts';
import type { PlanView } from '../session/state.ts';
import type { Tracing } from './tracing.ts';

/** By then nobody waits for the first answer of a room of one any more. */
const AFTER_MS = 3000;

/** Keeps a record from the first other device on, or soon after a model runs: its code comes only then. */
export class TracingLater {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #provider: () => string;
  #loading: Promise<Tracing> | undefined;
  #timer: number | undefined;
  #now: Tracing | undefined;
  #plan: PlanView | null = null;

  constructor(network: Network, clock: Clock, provider: () => string) {
    this.#network = network;
    this.#clock = clock;
    this.#provider = provider;
  }

  /** Undefined until its code is here. */
  get now(): Tracing | undefined {
    return this.#now;
  }

  /** Begins; rejects where the code does not come. */
  load(): Promise<Tracing> {
    this.#loading ??= import('./tracing.ts').then(({ Tracing }) => {
      this.#now = new Tracing(this.#network, this.#clock, this.#provider);
      this.#now.recovery.planned(this.#plan, this.#clock.now());
      return this.#now;
    });
    // The next occasion tries again.
    this.#loading.catch(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** Begins without anybody waiting for it. */
  start(): void {
    if (!this.#now) void this.load().catch(() => undefined);
  }

  /** What the leader told last. */
  planned(plan: PlanView | null, isNew: boolean): void {
    this.#plan = plan;
    const running = plan?.status === 'running';
    if (running && !this.#now) this.#timer ??= this.#clock.setTimeout(() => this.start(), AFTER_MS);
    if (running && isNew) this.#now?.tracer.moment('plan-runs', { epoch: plan.epoch });
    this.#now?.recovery.planned(plan, this.#clock.now());
  }

  /** The same planner, whose decisions are noted. */
  planning(planner: Planner): Planner {
    return {
      decide: async (question) => {
        const start = this.#clock.now();
        const answer = await planner.decide(question);
        this.#now?.tracer.planned(start);
        return answer;
      },
      tell: (question, plan) => planner.tell(question, plan),
    };
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
  }
}
