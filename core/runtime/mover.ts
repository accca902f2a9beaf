import { makeShard } from '../graph/shard.ts';
import type { Calibration } from '../protocol/calibration.ts';
import type { PlanView } from '../session/state.ts';
import { VERIFY } from '../weights/origin-lanes.ts';
import type { OpenModel } from './open-model.ts';
import type { Delivery, ShardCourier } from './shard-courier.ts';
import type { WeightsDesk } from './weights-desk.ts';

/** A plan on its way into the devices. */
export interface Move {
  readonly plan: PlanView;
  readonly model: OpenModel;
  readonly calibration: Calibration;
  /** The plan in force goes on meanwhile. */
  readonly alongside: boolean;
}

/** Brings plans to the devices, one at a time: a newer one takes the place of the one before. */
export class Mover {
  readonly #courier: ShardCourier;
  readonly #desk: WeightsDesk;
  #under: Move | undefined;

  constructor(courier: ShardCourier, desk: WeightsDesk) {
    this.#courier = courier;
    this.#desk = desk;
  }

  /** The plan that is being brought now. */
  get under(): Move | undefined {
    return this.#under;
  }

  /** Resolves when every stage is ready, with the first failure, or when it is not wanted any more. */
  async bring(move: Move): Promise<Delivery> {
    this.#under = move;
    const { plan, model, calibration, alongside } = move;
    const outcome = await this.#courier.deliver({
      plan,
      model,
      key: this.#desk.key,
      ledger: this.#desk.ledger,
      samples: calibration.boundarySamples,
      alongside,
    });
    if (this.#under !== move) return { kind: 'superseded' };
    this.#under = undefined;
    if (outcome.kind === 'failed' && outcome.step === VERIFY) await this.#desk.forget(model);
    return outcome;
  }

  /** What is being brought is not wanted any more. */
  stop(): void {
    this.#under = undefined;
  }

  /** Every device knows that this plan runs. */
  running({ plan, model }: Move): Promise<void> {
    this.#courier.running(plan.epoch);
    return this.#desk.remember(model);
  }
}

/** Blocks may share weights, so a stage can hold less than its blocks add up to. */
export function withTrueWeights(plan: PlanView, { graph, blocks }: OpenModel): PlanView {
  const stages = plan.stages.map((stage) => ({
    ...stage,
    weightBytes: makeShard(graph, blocks, stage.start, stage.end).weightBytes,
  }));
  return { ...plan, stages };
}
