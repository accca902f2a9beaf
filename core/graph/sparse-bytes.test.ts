import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SparseBytes } from './sparse-bytes.ts';

const FILE = Uint8Array.from({ length: 256 }, (_, at) => at);
const span = fc
  .tuple(fc.nat(255), fc.nat(255))
  .map(([a, b]) => ({ offset: Math.min(a, b), end: Math.max(a, b) }));

it('gives back any run once its gaps were filled, and asks for no byte twice', () => {
  fc.assert(
    fc.property(fc.array(span, { maxLength: 20 }), (reads) => {
      const known = new SparseBytes();
      const asked = new Set<number>();
      for (const { offset, end } of reads) {
        for (const gap of known.missing(offset, end - offset)) {
          for (let at = gap.offset; at < gap.offset + gap.length; at++) {
            if (asked.has(at)) throw new Error(`byte ${at} was asked for twice`);
            asked.add(at);
          }
          known.add(gap.offset, FILE.slice(gap.offset, gap.offset + gap.length));
        }
        const read = known.read(offset, end - offset);
        if (Buffer.compare(read, FILE.subarray(offset, end)) !== 0) throw new Error('other bytes came back');
      }
      const offsets = known.parts.map(({ offset }) => offset);
      expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
    }),
    { numRuns: 500, seed: 3 },
  );
});
