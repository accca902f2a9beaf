import type { Calm, Trial } from './every-step.ts';
import type { Fault } from './fault.ts';
import { namesOf } from './step.ts';

/** Which faults have struck at which messages of the calm runs. */
export class Coverage {
  readonly #wanted = new Set<string>();
  readonly #tried = new Set<string>();
  readonly #messages = new Set<string>();
  #schedules = 0;
  #lost = 0;

  /** Each of these faults is to strike at each step from `from` on. */
  want(calm: Calm, faults: readonly Fault[], from: number): void {
    for (const step of calm.steps.keys()) {
      if (step < from) continue;
      for (const fault of faults) this.#wanted.add(keyOf(calm, step, fault));
    }
    for (const { what } of calm.steps) this.#messages.add(what);
  }

  tried(calm: Calm, { step, fault }: Trial, lost: boolean): void {
    this.#schedules++;
    if (lost) this.#lost++;
    this.#tried.add(keyOf(calm, step, fault));
  }

  /** What no schedule has tried. */
  get missing(): readonly string[] {
    return [...this.#wanted].filter((key) => !this.#tried.has(key));
  }

  toString(): string {
    const [wanted, missing] = [this.#wanted.size, this.missing.length];
    const messages = [...this.#messages].sort().join(', ');
    const lost = this.#lost > 0 ? `, ${this.#lost} without an answer, as the weights were lost` : '';
    return `${this.#schedules} schedules, ${wanted - missing} of ${wanted} pairs of step and fault${lost} (${messages})`;
  }
}

function keyOf({ schedule, steps }: Calm, step: number, fault: Fault): string {
  const { devices, asker } = schedule;
  return `${devices} devices, ${'abcdefgh'[asker]} asks: ${fault} at ${namesOf(steps)[step]}`;
}
