import type { Blocks } from './blocks.ts';
import type { ByteRange } from './byte-source.ts';
import { closureOf } from './closure.ts';
import type { ModelGraph } from './model-graph.ts';

/** A run of a model's weights that is fetched, hashed and kept as one. `id` is its place in {@link Pieces.all}. */
export interface Piece extends ByteRange {
  readonly id: number;
}

/** Where a weight lies: in `count` pieces from number `first` on, beginning `skip` bytes into the first. */
export interface PlaceInPieces {
  readonly first: number;
  readonly count: number;
  readonly skip: number;
}

export interface Pieces {
  readonly all: readonly Piece[];
  /** Of a weight whose values are a range of a file. */
  placeOf(range: ByteRange): PlaceInPieces;
}

/** Hashed in one call and kept in memory until then: small for a phone, large enough to be cheap each. */
const PIECE_BYTES = 4 * 1024 ** 2;
/** A list of them travels as one message: larger models have larger pieces. */
const MOST_PIECES = 2048;
/** In a file of one piece the next weight begins after its name and sizes; such gaps travel along. */
const GAP_BYTES = 512;

const known = new WeakMap<Blocks, Pieces>();

/**
 * The weights of a model as pieces: the same for each device, whatever the plan. Neighbours in the file that
 * the same blocks use share a piece; a large weight is several. O(blocks * nodes), once for each model.
 */
export function piecesOf(graph: ModelGraph, blocks: Blocks): Pieces {
  const found = known.get(blocks) ?? layOut(runsOf(graph, blocks));
  known.set(blocks, found);
  return found;
}

/** Ranges that lie close together and belong to the same blocks. */
type Run = ByteRange[];

function runsOf(graph: ModelGraph, blocks: Blocks): Run[] {
  const users = usersOf(graph, blocks);
  const ranges = new Map<string, { range: ByteRange; users: string }>();
  for (const [name, { body }] of graph.initializers) {
    const used = users.get(name);
    if (!body || used === undefined) continue;
    // Two names for the same bytes are one range.
    const same = ranges.get(keyOf(body));
    ranges.set(keyOf(body), { range: body, users: same ? `${same.users} ${used}` : used });
  }
  const files = new Map([...ranges.values()].map(({ range: { file } }, at) => [file, at]));
  const order = (file: string): number => files.get(file) ?? 0;
  const sorted = [...ranges.values()].sort(
    (a, b) =>
      order(a.range.file) - order(b.range.file) ||
      a.range.offset - b.range.offset ||
      a.range.length - b.range.length,
  );
  const runs: Run[] = [];
  let last: { range: ByteRange; users: string } | undefined;
  for (const each of sorted) {
    const run = runs.at(-1);
    const start = run?.[0];
    if (run && start && last && last.users === each.users && joins(start, last.range, each.range)) {
      run.push(each.range);
    } else runs.push([each.range]);
    last = each;
  }
  return runs;
}

function joins(start: ByteRange, last: ByteRange, next: ByteRange): boolean {
  const gap = next.offset - (last.offset + last.length);
  return (
    next.file === last.file &&
    gap >= 0 &&
    gap <= GAP_BYTES &&
    next.offset + next.length - start.offset <= PIECE_BYTES
  );
}

/** For each weight in use, the blocks that use it, as text. */
function usersOf(graph: ModelGraph, blocks: Blocks): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  for (let block = 0; block < blocks.count; block++) {
    const given = new Set(blocks.boundaries[block]?.map(({ name }) => name));
    const targets = blocks.boundaries[block + 1]?.map(({ name }) => name) ?? [];
    for (const name of closureOf(graph, targets, given).stored) {
      users.set(name, `${users.get(name) ?? ''} ${block}`);
    }
  }
  return users;
}

function layOut(runs: readonly Run[]): Pieces {
  const total = runs.reduce((sum, run) => sum + spanOf(run).length, 0);
  const size = Math.max(PIECE_BYTES, Math.ceil(total / MOST_PIECES));
  const all: Piece[] = [];
  const places = new Map<string, PlaceInPieces>();
  for (const run of runs) {
    const { file, offset, length } = spanOf(run);
    const first = all.length;
    for (let at = 0; at < length; at += size) {
      all.push({ id: all.length, file, offset: offset + at, length: Math.min(size, length - at) });
    }
    for (const range of run) {
      places.set(keyOf(range), { first, count: all.length - first, skip: range.offset - offset });
    }
  }
  return {
    all,
    placeOf: (range) => {
      const place = places.get(keyOf(range));
      if (place) return place;
      throw new RangeError(`no block uses the weight at ${range.offset} of "${range.file}"`);
    },
  };
}

function spanOf(run: Run): ByteRange {
  const { file, offset } = run[0] ?? { file: '', offset: 0 };
  const end = Math.max(...run.map((range) => range.offset + range.length));
  return { file, offset, length: end - offset };
}

function keyOf({ file, offset, length }: ByteRange): string {
  return `${offset}+${length} ${file}`;
}
