import type { Clock } from '../../core/mesh/clock.ts';

/** Every card goes to every device, and a percent of battery less is news to nobody. */
const EVERY_MS = 10_000;

/** Passes on values that changed: the urgent ones at once, the others at most every 10 s, the last one always. */
export function seldom<T>(
  clock: Clock,
  tell: (value: T) => void,
  { same, urgent }: { same(a: T, b: T): boolean; urgent(value: T, told: T | undefined): boolean },
): (value: T) => void {
  let told: T | undefined;
  let latest: T;
  let toldAt = Number.NEGATIVE_INFINITY;
  let timer: number | undefined;
  const pass = (): void => {
    if (timer !== undefined) clock.clearTimeout(timer);
    timer = undefined;
    if (told !== undefined && same(told, latest)) return;
    told = latest;
    toldAt = clock.now();
    tell(latest);
  };
  return (value) => {
    latest = value;
    const wait = toldAt + EVERY_MS - clock.now();
    if (wait <= 0 || urgent(value, told)) pass();
    else timer ??= clock.setTimeout(pass, wait);
  };
}
