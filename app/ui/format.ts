/** Numbers as people read them: every one with its unit, and about as wide before as after a change. */

const NONE = '–';

/** Milliseconds: "0.4 ms", "11.4 ms", "41 ms", "1.8 s". */
export function ms(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  if (value >= 999.5) return `${(value / 1000).toFixed(value < 99_950 ? 1 : 0)} s`;
  return `${value < 19.95 ? value.toFixed(1) : value.toFixed(0)} ms`;
}

/** Decimal units, as shops and phones count: "812 B", "4 KB", "3.5 MB", "1.2 GB". */
export function bytes(value: number): string {
  if (value < 1000) return `${Math.round(value)} B`;
  const units = ['KB', 'MB', 'GB'];
  let scaled = value / 1000;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return `${unit > 0 && scaled < 9.95 ? scaled.toFixed(1) : scaled.toFixed(0)} ${units[unit]}`;
}

/** A share of one: "62%". Anything above none shows as at least 1%, and only all shows as 100%. */
export function percent(share: number): string {
  if (share <= 0) return '0%';
  if (share >= 1) return '100%';
  return `${Math.min(99, Math.max(1, Math.round(share * 100)))}%`;
}

/** Time still to go: "3 s left", "2 min left". */
export function left(milliseconds: number): string {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  return seconds < 100 ? `${seconds} s left` : `${Math.round(seconds / 60)} min left`;
}

/** Blocks [start, end) as people count them: "layers 1–34", "layer 5". */
export function layers(start: number, end: number): string {
  return end - start === 1 ? `layer ${end}` : `layers ${span(start, end)}`;
}

/** Blocks [start, end) as bare numbers: "1–34". */
export function span(start: number, end: number): string {
  return end - start === 1 ? `${end}` : `${start + 1}–${end}`;
}

/** "1 device", "4 devices". */
export function count(n: number, one: string, many: string = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** A tensor's shape: "1 × 3 × 224 × 224"; "one number" for a scalar, "?" where the model does not say. */
export function shape(dims: readonly (number | string | null)[] | null): string {
  if (dims === null) return 'any shape';
  return dims.length === 0 ? 'one number' : dims.map((dim) => dim ?? '?').join(' × ');
}

/** A number of any size in at most about seven characters. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 100_000)) return value.toExponential(2);
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}

/** Wall-clock time of day in the device's own zone: "14:03:22". */
export function clock(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/** The middle value, or null of none; the mean of the middle two of an even number. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  return upper === undefined || lower === undefined ? null : (upper + lower) / 2;
}

/**
 * Widths that add up to 1, in proportion to `values`, except that none is under `floor` (lowered where there
 * are too many for it), so that the name of a quick device still has room.
 */
export function shares(values: readonly number[], floor: number): number[] {
  const least = Math.min(floor, 1 / Math.max(1, values.length));
  const weights = values.map((value) => (Number.isFinite(value) && value > 0 ? value : 0));
  const small = new Set<number>();
  for (;;) {
    const free = 1 - small.size * least;
    const total = weights.reduce((sum, weight, i) => (small.has(i) ? sum : sum + weight), 0);
    const widths = weights.map((weight, i) =>
      small.has(i) ? least : total > 0 ? (weight / total) * free : free / (weights.length - small.size),
    );
    const next = widths.findIndex((width, i) => !small.has(i) && width < least - 1e-9);
    if (next < 0) return widths;
    small.add(next);
  }
}
