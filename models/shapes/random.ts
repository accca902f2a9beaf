/**
 * Random bits by counter: each value depends on its key and place only, so a weight comes out the same in
 * whatever order and pieces it is written.
 */

/** What one stream of bits grows from. */
export interface Key {
  readonly first: number;
  readonly second: number;
}

/** The key of a weight: its values depend on the seed and its name, not on the rest of the network. */
export function keyOf(seed: number, name: string): Key {
  const text = `${seed} ${name}`;
  return { first: hash(text, 0x811c9dc5), second: hash(text, 0x2545f491) };
}

/**
 * 32 bits, as a signed integer. The rounds are Chris Wellons' lowbias32 (public domain); the second half of the
 * key enters between them, so that the streams of two keys are no shifted copies of each other.
 */
export function bitsAt({ first, second }: Key, counter: number): number {
  let bits = (first + counter) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad) ^ second;
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return bits ^ (bits >>> 15);
}

/** FNV-1a over UTF-16 units. */
function hash(text: string, start: number): number {
  let bits = start | 0;
  for (let at = 0; at < text.length; at++) bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193);
  return bitsAt({ first: bits, second: 0 }, 0);
}
