import { holdersOf } from '../plan/estimate.ts';
import type { PlanAnswer, Planner, PlanQuestion, PlanStory } from '../plan/question.ts';
import type { Infeasible, PlannedStage, PlanResult } from '../plan/room.ts';

/**
 * A planner that has an answer ready for the loss of each device that holds layers: made while the room runs, so that
 * nothing has to be searched for in need. Speeds may have changed a little since; the next question that is asked with
 * the new plan in force is answered by the room as it is then.
 */
export class PlansAhead implements Planner {
  readonly #planner: Planner;
  readonly #ready = new Map<string, PlanAnswer>();
  #prepared = '';

  constructor(planner: Planner) {
    this.#planner = planner;
  }

  decide(question: PlanQuestion): Promise<PlanAnswer | Infeasible> {
    const ready = question.present === null ? this.#ready.get(keyOf(question)) : undefined;
    return ready ? Promise.resolve(ready) : this.#planner.decide(question);
  }

  tell(question: PlanQuestion, plan: PlanResult): Promise<PlanStory> {
    return this.#planner.tell(question, plan);
  }

  /**
   * Plans for the question's room without each holder of these stages, one after the other. The home is left out: if it
   * goes, another device plans. Once for each room and plan; another one ends it.
   */
  async prepare(question: PlanQuestion, stages: readonly PlannedStage[]): Promise<void> {
    const wanted = `${keyOf(question)}${JSON.stringify(stages)}`;
    if (wanted === this.#prepared) return;
    this.forget();
    this.#prepared = wanted;
    const { room } = question;
    for (const lost of new Set(stages.flatMap(holdersOf))) {
      if (lost === room.home) continue;
      const devices = room.devices.filter(({ id }) => id !== lost);
      if (devices.length === 0) continue;
      const links = room.links.filter(({ from, to }) => from !== lost && to !== lost);
      const without = { ...question, room: { ...room, devices, links }, present: null, broken: stages };
      const answer = await this.#planner.decide(without);
      if (wanted !== this.#prepared) return;
      if (!('infeasible' in answer)) this.#ready.set(keyOf(without), answer);
    }
  }

  /** Another model: nothing that was planned is of use. */
  forget(): void {
    this.#prepared = '';
    this.#ready.clear();
  }
}

/** All of a question that does not change from moment to moment: what a plan must respect to be possible at all. */
function keyOf({ mode, broken, room }: PlanQuestion): string {
  const { home, blocks, devices, endsAtHome } = room;
  const who = devices
    .map(({ id, memoryBytes, largestTensorBytes, required }) => {
      return [id, memoryBytes, largestTensorBytes, required];
    })
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return JSON.stringify([mode, home, endsAtHome, blocks, who, broken]);
}
