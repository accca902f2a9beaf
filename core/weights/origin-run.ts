import type { StagePiece } from '../protocol/messages.ts';

/** A piece that lies at the origin. */
export type OriginPiece = StagePiece & { readonly at: NonNullable<StagePiece['at']> };

/** Pieces that one request fetches, in order: neighbours in one file. */
export type OriginRun = readonly [OriginPiece, ...OriginPiece[]];

/** One request brings this much at most, so that several can share a device's pieces and a break costs little. */
const RUN_BYTES = 32 * 1024 ** 2;
/** Between two pieces of a one-file model lie names and sizes: cheaper to read past than to ask again. */
const GAP_BYTES = 4 * 1024;

/** The longest run at the beginning of `pieces`, which are in the order of their places. */
export function firstRun(pieces: readonly OriginPiece[]): OriginRun | null {
  const [first, ...rest] = pieces;
  if (!first) return null;
  const run: [OriginPiece, ...OriginPiece[]] = [first];
  let end = first.at.offset + first.length;
  for (const piece of rest) {
    const gap = piece.at.offset - end;
    const next = piece.at.offset + piece.length;
    if (piece.at.file !== first.at.file || gap < 0 || gap > GAP_BYTES) break;
    if (next - first.at.offset > RUN_BYTES) break;
    run.push(piece);
    end = next;
  }
  return run;
}

/** Cuts the stream of a run, which begins at its first piece, into pieces; each is a buffer of its own. */
export async function* piecesOfRun(
  run: OriginRun,
  stream: AsyncIterable<Uint8Array<ArrayBuffer>>,
  onBytes: (count: number) => void,
): AsyncGenerator<{ piece: OriginPiece; bytes: Uint8Array<ArrayBuffer> }, void, undefined> {
  let position = run[0].at.offset;
  let index = 0;
  let bytes = new Uint8Array(run[0].length);
  let filled = 0;
  for await (const chunk of stream) {
    let at = 0;
    while (at < chunk.byteLength) {
      const piece = run[index];
      if (!piece) return;
      const gap = piece.at.offset + filled - position;
      const skipped = Math.min(gap, chunk.byteLength - at);
      const taken = Math.min(bytes.byteLength - filled, chunk.byteLength - at - skipped);
      bytes.set(chunk.subarray(at + skipped, at + skipped + taken), filled);
      filled += taken;
      at += skipped + taken;
      position += skipped + taken;
      if (taken > 0) onBytes(taken);
      if (filled < bytes.byteLength) continue;
      yield { piece, bytes };
      index += 1;
      filled = 0;
      bytes = new Uint8Array(run[index]?.length ?? 0);
    }
  }
}

/** How many bytes a run spans at its origin. */
export function runBytes(run: OriginRun): number {
  const last = run.at(-1) ?? run[0];
  return last.at.offset + last.length - run[0].at.offset;
}
