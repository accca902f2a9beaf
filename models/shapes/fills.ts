import { LEVELS, NORMAL } from './normal.ts';
import { bitsAt, type Key } from './random.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Writes the bytes of a weight from `offset` on into a piece. Pieces begin at multiples of 8 bytes, in the file
 * and in memory, and the bytes do not depend on where the pieces are cut.
 */
export type Fill = (into: Bytes, offset: number, key: Key) => void;

/** Float32 from a normal distribution. */
export function normal(deviation: number, mean = 0): Fill {
  return (into, offset, key) => {
    const values = floatsOf(into);
    const start = offset / 8;
    for (let pair = 0; pair * 2 < values.length; pair++) {
      const bits = bitsAt(key, start + pair);
      values[pair * 2] = mean + deviation * (NORMAL[bits & 0xffff] ?? 0);
      // Past the end of an odd piece this writes nothing.
      values[pair * 2 + 1] = mean + deviation * (NORMAL[bits >>> 16] ?? 0);
    }
  };
}

/** 4-bit weights hold three standard deviations to each side. */
export const LEVELS_PER_DEVIATION: number = 8 / 3;

/** A normal number in units of a scale, as 4 bits with the zero at 8. */
const NIBBLES = Uint8Array.from({ length: LEVELS }, (_, bits) =>
  Math.min(15, Math.max(0, Math.round(8 + (NORMAL[bits] ?? 0) * LEVELS_PER_DEVIATION))),
);

/** Two 4-bit values a byte, normal around 8; multiplied by a scale of d / {@link LEVELS_PER_DEVIATION} their deviation is d. */
export const nibbles: Fill = (into, offset, key) => {
  for (let at = 0; at < into.length; at++) {
    const bits = bitsAt(key, offset + at);
    into[at] = (NIBBLES[bits & 0xffff] ?? 0) | ((NIBBLES[bits >>> 16] ?? 0) << 4);
  }
};

/** Float32, each computed from its place. */
export function computed(valueAt: (index: number) => number): Fill {
  return (into, offset) => {
    const values = floatsOf(into);
    const start = offset / 4;
    for (let at = 0; at < values.length; at++) values[at] = valueAt(start + at);
  };
}

/** The same Float32 everywhere. */
export function constant(value: number): Fill {
  return computed(() => value);
}

/** Int64 as listed. */
export function integers(values: readonly number[]): Fill {
  const bytes = new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
  return (into, offset) => into.set(bytes.subarray(offset, offset + into.length));
}

function floatsOf(into: Bytes): Float32Array<ArrayBuffer> {
  return new Float32Array(into.buffer, into.byteOffset, into.byteLength / 4);
}
