/** Numbers as people read them: every one with its unit, and about as wide before as after a change. */

const NONE = '–';

/** Milliseconds: "0.4 ms", "11.4 ms", "41 ms", "1.8 s". */
export function ms(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  if (value >= 999.5) return `${(value / 1000).toFixed(value < 99_950 ? 1 : 0)} s`;
  return `${value < 19.95 ? value.toFixed(1) : value.toFixed(0)} ms`;
}

/** Answers a second, slow ones by the minute: "24 answers a second", "7.5 answers a minute". */
export function rate(perSecond: number | null): string {
  if (perSecond === null || !Number.isFinite(perSecond)) return NONE;
  const [value, time] = perSecond < 0.995 ? [perSecond * 60, 'minute'] : [perSecond, 'second'];
  return `${value.toFixed(value < 9.95 ? 1 : 0)} answers a ${time}`;
}

const UNITS = ['B', 'KB', 'MB', 'GB'] as const;

/** The unit that fits, as a power of 1000, and the digits after the point that go with it. */
function scale(value: number): { readonly power: number; readonly digits: number } {
  let power = 0;
  while (value / 1000 ** power >= 999.5 && power < UNITS.length - 1) power++;
  return { power, digits: power > 1 && value / 1000 ** power < 9.95 ? 1 : 0 };
}

/** Decimal units, as shops and phones count: "812 B", "4 KB", "3.5 MB", "1.2 GB". */
export function bytes(value: number): string {
  const { power, digits } = scale(value);
  return `${(value / 1000 ** power).toFixed(digits)} ${UNITS[power]}`;
}

/**
 * A part and its whole in the unit of the whole, so that only the first number moves: "82 of 256 MB". Gigabytes
 * get two digits after the point: a tenth of one is half a minute of standing still on a slow line.
 */
export function bytesOf(part: number, whole: number): string {
  const { power, digits } = scale(whole);
  const shown = (value: number): string => (value / 1000 ** power).toFixed(power === 3 ? 2 : digits);
  return `${shown(part)} of ${shown(whole)} ${UNITS[power]}`;
}

/** A share of one: "62%". Anything above none shows as at least 1%, and only all shows as 100%. */
export function percent(share: number): string {
  if (share <= 0) return '0%';
  if (share >= 1) return '100%';
  return `${Math.min(99, Math.max(1, Math.round(share * 100)))}%`;
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

/** How long ago something was: "just now", "5 min ago", "3 h ago", "yesterday", "12 days ago". */
export function ago(at: number, now: number): string {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ago`;
  const days = Math.floor(hours / 24);
  return days === 1 ? 'yesterday' : `${days} days ago`;
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
