/** Long enough to smooth over pieces of 4 MiB on a slow line, short enough to follow a change. */
const WINDOW_MS = 6000;
/** Bytes come in chunks of some KB: one sample for all that come within this time. */
const SAMPLE_MS = 100;
/** Less time than this tells nothing of the next minutes. */
const LEAST_MS = 500;

/** Tells from what has come lately how long the rest takes. */
export class Rate {
  readonly #samples: { readonly at: number; bytes: number }[] = [];

  /** `bytes` are here at time `now`, in milliseconds. */
  add(now: number, bytes: number): void {
    const last = this.#samples.at(-1);
    if (last && this.#samples.length > 1 && now - last.at < SAMPLE_MS) last.bytes = bytes;
    else this.#samples.push({ at: now, bytes });
    while ((this.#samples[1]?.at ?? now) < now - WINDOW_MS) this.#samples.shift();
  }

  /** Seconds until `total` bytes are here; undefined while nothing says. */
  secondsLeft(total: number): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.bytes <= first.bytes || last.at - first.at < LEAST_MS) return undefined;
    const perMs = (last.bytes - first.bytes) / (last.at - first.at);
    return Math.max(0, total - last.bytes) / perMs / 1000;
  }
}
