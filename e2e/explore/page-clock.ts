import type { Clock } from '../../core/mesh/clock.ts';

/** One device's time: it stands still while the device is frozen, and for ever once it was killed. */
export class PageClock implements Clock {
  readonly #world: Clock;
  #held: (() => void)[] | undefined;
  #dead = false;

  constructor(world: Clock) {
    this.#world = world;
  }

  now(): number {
    return this.#world.now();
  }

  setTimeout(run: () => void, ms: number): number {
    return this.#world.setTimeout(() => this.pass(run), ms);
  }

  clearTimeout(timer: number): void {
    this.#world.clearTimeout(timer);
  }

  /** Does it now, when the device wakes up, or never. */
  pass(run: () => void): void {
    if (this.#dead) return;
    if (this.#held) this.#held.push(run);
    else run();
  }

  freeze(): void {
    this.#held ??= [];
  }

  thaw(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const run of held) this.pass(run);
  }

  kill(): void {
    this.#dead = true;
  }
}
