/** Seeded damage to valid messages, for tests: the same seed does the same. */

export type Random = () => number;

/** Numbers in [0, 1) by mulberry32. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

export function pick<T>(random: Random, list: readonly T[]): T {
  const one = list[below(random, list.length)];
  if (one === undefined) throw new RangeError('nothing to pick from');
  return one;
}

export function randomBytes(random: Random, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, () => below(random, 256));
}

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** Bits flipped, words replaced by extreme ones, cut short, or with more at the end. */
export function damagedBytes(random: Random, valid: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const kind = below(random, 5);
  if (kind === 0) return valid.slice(0, below(random, valid.byteLength));
  if (kind === 1) return randomBytes(random, below(random, 200));
  const bytes = new Uint8Array(valid.byteLength + (kind === 2 ? below(random, 40) : 0));
  bytes.set(valid);
  const view = new DataView(bytes.buffer);
  for (let n = 1 + below(random, 3); n > 0 && bytes.byteLength >= 4; n--) {
    // Headers first: what they say decides how the rest is read.
    const at = below(random, random() < 0.7 ? Math.min(64, bytes.byteLength) : bytes.byteLength);
    if (kind === 3) view.setUint32(Math.min(at, bytes.byteLength - 4), pick(random, EXTREMES), true);
    else bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
  }
  return bytes;
}

/** Values that no field expects, as JSON: made anew each time, since some are large. */
const STRANGE: readonly ((random: Random) => string)[] = [
  () => 'null',
  () => 'true',
  () => '-1',
  () => '1e999',
  () => '-0',
  () => '9007199254740993',
  () => '0.1',
  () => '""',
  () => '[]',
  () => '{}',
  () => '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  () => '"__proto__"',
  () => '"\\u0000\\ud800"',
  (random) => `"${'x'.repeat(below(random, 20_000))}"`,
  (random) => `[${'0,'.repeat(below(random, 5000))}0]`,
  (random) => '['.repeat(below(random, 3000)),
  (random) => {
    const depth = below(random, 2000);
    return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  },
];

/** A value replaced, a key renamed or left out, or the text itself damaged. */
export function damagedJson(random: Random, valid: unknown): string {
  const text = JSON.stringify(valid);
  const kind = below(random, 6);
  if (kind === 0) return text.slice(0, below(random, text.length));
  if (kind === 1) {
    const at = below(random, text.length);
    return text.slice(0, at) + String.fromCharCode(below(random, 128)) + text.slice(at + 1);
  }
  const places = [
    ...text.matchAll(kind === 2 ? /"[^"]*"(?=:)/g : /(?<=[:[,])("[^"]*"|-?[\d.e+-]+|true|false|null)/g),
  ];
  if (places.length === 0) return pick(random, STRANGE)(random);
  const place = pick(random, places);
  const by =
    kind === 2 ? pick(random, ['"__proto__"', '"constructor"', '"x"']) : pick(random, STRANGE)(random);
  return text.slice(0, place.index) + by + text.slice(place.index + place[0].length);
}
