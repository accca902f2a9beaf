import { RecentTimes } from './recent-times.ts';
import { ShareOut } from './share-out.ts';
import type { Stage } from './stage.ts';
import type { StageExecutor } from './stage-executor.ts';
import { StateKeeper } from './state-keeper.ts';

/** A stage in this device's memory, under one plan. */
export interface HeldStage {
  readonly stage: Stage;
  /** What is kept under one plan is lost with it, as the other devices lose theirs. */
  readonly keeper: StateKeeper;
  /** Deals what it makes to the holders of the next stage. */
  readonly out: ShareOut;
  /** How long an item has occupied this device lately, the way to the worker and back included. */
  readonly times: RecentTimes;
}

/**
 * The stages that this device holds under the plan in force, and under the one that is to follow it. A stage that both
 * have is loaded once; a worker that no plan needs any more is ended, which is the only way to get its memory back.
 */
export class HeldStages {
  #held: HeldStage[] = [];

  get all(): readonly HeldStage[] {
    return this.#held;
  }

  get executors(): ReadonlySet<StageExecutor> {
    return new Set(this.#held.map(({ stage }) => stage.executor));
  }

  find(epoch: number, stage: number): HeldStage | undefined {
    return this.#held.find(({ stage: { terms } }) => terms.epoch === epoch && terms.stage === stage);
  }

  /** A stage of this content, under whatever plan. */
  withShard(shard: string): Stage | undefined {
    return this.#held.find(({ stage }) => stage.terms.shard === shard)?.stage;
  }

  add(stage: Stage): void {
    const { epoch, stage: index } = stage.terms;
    this.keepOnly(({ stage: { terms } }) => terms.epoch !== epoch || terms.stage !== index);
    const times = new RecentTimes();
    const keeper = new StateKeeper({ drop: (kept) => stage.executor.drop(kept) });
    this.#held = [...this.#held, { stage, keeper, out: new ShareOut(), times }];
  }

  keepOnly(wanted: (held: HeldStage) => boolean): void {
    const before = this.#held;
    this.#held = before.filter(wanted);
    const used = this.executors;
    for (const held of before) {
      if (!used.has(held.stage.executor)) held.stage.executor.close();
      else if (!this.#held.includes(held)) held.keeper.clear();
    }
  }
}
