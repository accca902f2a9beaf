/** A range of one of the origin's files. */
export interface OriginRange {
  readonly at: { readonly file: number; readonly offset: number };
  readonly length: number;
}

/** Ranges that one request fetches, in order: neighbours in one file. */
export type OriginRun<P extends OriginRange> = readonly [P, ...P[]];

/** One request brings this much at most, so that several can share a device's pieces. */
const RUN_BYTES = 32 * 1024 ** 2;
/** Between two pieces of a one-file model lie names and sizes: cheaper to read past than to ask again. */
const GAP_BYTES = 4 * 1024;

/** The longest run at the beginning of `ranges`, which are in the order of their places. */
export function firstRun<P extends OriginRange>(ranges: readonly P[]): OriginRun<P> | null {
  const [first, ...rest] = ranges;
  if (!first) return null;
  const run: [P, ...P[]] = [first];
  let end = first.at.offset + first.length;
  for (const range of rest) {
    const gap = range.at.offset - end;
    const next = range.at.offset + range.length;
    if (range.at.file !== first.at.file || gap < 0 || gap > GAP_BYTES) break;
    if (next - first.at.offset > RUN_BYTES) break;
    run.push(range);
    end = next;
  }
  return run;
}

/** How many bytes a run spans at its origin. */
export function runBytes<P extends OriginRange>(run: OriginRun<P>): number {
  const last = run.at(-1) ?? run[0];
  return last.at.offset + last.length - run[0].at.offset;
}

/**
 * Cuts the stream of a run, which begins with its first range, into ranges; each is a buffer of its own, in
 * memory one at a time. `onBytes` hears of bytes as they come. What comes past the run's end is not looked at.
 */
export async function* cutRun<P extends OriginRange>(
  run: OriginRun<P>,
  stream: AsyncIterable<Uint8Array<ArrayBuffer>>,
  onBytes: (piece: P, count: number) => void,
): AsyncGenerator<{ piece: P; bytes: Uint8Array<ArrayBuffer> }, void, undefined> {
  const left = [...run];
  let position = run[0].at.offset;
  let piece = left.shift();
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  let filled = 0;
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.byteLength && piece; ) {
      const gap = piece.at.offset + filled - position;
      const skipped = Math.min(gap, chunk.byteLength - at);
      const taken = Math.min(piece.length - filled, chunk.byteLength - at - skipped);
      if (taken > 0) {
        bytes ??= new Uint8Array(piece.length);
        bytes.set(chunk.subarray(at + skipped, at + skipped + taken), filled);
        filled += taken;
        onBytes(piece, taken);
      }
      at += skipped + taken;
      position += skipped + taken;
      if (!bytes || filled < piece.length) continue;
      yield { piece, bytes };
      piece = left.shift();
      bytes = undefined;
      filled = 0;
    }
    if (!piece) return;
  }
}
