/** Long enough to smooth over pieces of 4 MiB on a slow line, short enough to follow a change. */
const WINDOW_MS = 6000;

/** Tells from what has come lately how long the rest takes. */
export class Rate {
  readonly #samples: { readonly at: number; readonly bytes: number }[] = [];

  /** `bytes` are here at time `now`, in milliseconds. */
  add(now: number, bytes: number): void {
    this.#samples.push({ at: now, bytes });
    while ((this.#samples[1]?.at ?? now) < now - WINDOW_MS) this.#samples.shift();
  }

  /** Seconds until `total` bytes are here; undefined while nothing says. */
  secondsLeft(total: number): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.bytes <= first.bytes || last.at - first.at < 500) return undefined;
    const perMs = (last.bytes - first.bytes) / (last.at - first.at);
    return (total - last.bytes) / perMs / 1000;
  }
}
