import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutRun, firstRun, type OriginRange, runBytes } from './origin-run.ts';

const MIB = 1024 ** 2;

function range(offset: number, length: number, file = 0): OriginRange {
  return { at: { file, offset }, length };
}

function lengthOfRun(...ranges: OriginRange[]): number | undefined {
  return firstRun(ranges)?.length;
}

test('neighbours in one file are one run, over gaps up to 4 KiB and up to 32 MiB', () => {
  expect(firstRun([])).toBeNull();
  expect(lengthOfRun(range(0, 10), range(10, 10), range(20 + 4096, 10))).toBe(3);
  expect(lengthOfRun(range(0, 10), range(10 + 4097, 10))).toBe(1);
  expect(lengthOfRun(range(0, 10), range(10, 10, 1))).toBe(1);
  expect(lengthOfRun(range(0, 16 * MIB), range(16 * MIB, 16 * MIB), range(32 * MIB, 1))).toBe(2);
  // A piece alone may be larger than a run; one that overlaps needs a request of its own.
  expect(lengthOfRun(range(0, 33 * MIB), range(33 * MIB, 1))).toBe(1);
  expect(lengthOfRun(range(0, 10), range(5, 10))).toBe(1);
});

const someRun = fc
  .array(fc.record({ gap: fc.nat(20), length: fc.integer({ min: 1, max: 50 }) }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((parts) => {
    let at = 100;
    return parts.map(({ gap, length }, index) => {
      const offset = at + (index === 0 ? 0 : gap);
      at = offset + length;
      return range(offset, length);
    });
  });

test('a stream in chunks of any size is cut into its pieces; one that ends early gives the whole ones', async () => {
  await fc.assert(
    fc.asyncProperty(
      someRun,
      fc.array(fc.nat(40), { minLength: 1, maxLength: 20 }),
      fc.double({ min: 0, max: 1.2, noNaN: true }),
      async (ranges, sizes, share) => {
        const run = firstRun(ranges);
        if (run?.length !== ranges.length) throw new Error('not one run');
        const file = Uint8Array.from({ length: 1000 }, (_, at) => at % 251);
        const start = run[0].at.offset;
        const end = start + Math.round(runBytes(run) * share);
        async function* stream(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
          let turn = 0;
          for (let at = start; at < end; ) {
            const size = sizes.every((each) => each === 0) ? 1 : (sizes[turn++ % sizes.length] ?? 1);
            yield file.slice(at, Math.min(end, at + size));
            at += size;
          }
        }
        const counted = new Map<OriginRange, number>();
        const cut: OriginRange[] = [];
        const count = (of: OriginRange, more: number): unknown =>
          counted.set(of, (counted.get(of) ?? 0) + more);
        for await (const { piece, bytes } of cutRun(run, stream(), count)) {
          const { offset } = piece.at;
          expect([...bytes]).toEqual([...file.subarray(offset, offset + piece.length)]);
          expect(bytes.byteLength).toBe(bytes.buffer.byteLength);
          cut.push(piece);
        }
        expect(cut).toEqual(ranges.filter(({ at, length }) => at.offset + length <= end));
        for (const each of ranges) {
          const came = Math.min(each.length, Math.max(0, end - each.at.offset));
          expect(counted.get(each) ?? 0).toBe(came);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('only one piece is in memory at a time, and leaving early ends the stream', async () => {
  const run = firstRun([range(0, 10), range(10, 10), range(20, 10)]);
  if (!run) throw new Error('no run');
  let read = 0;
  let ended = false;
  async function* stream(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    try {
      for (; read < 30; read++) yield new Uint8Array(1);
    } finally {
      ended = true;
    }
  }
  for await (const { piece } of cutRun(run, stream(), () => undefined)) {
    expect(read).toBeLessThanOrEqual(piece.at.offset + piece.length);
    if (piece.at.offset === 10) break;
  }
  expect(ended).toBe(true);
  expect(read).toBeLessThan(21);
});
