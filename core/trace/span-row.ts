import { isPeerId, type PeerId } from '../ids.ts';
import { SPAN_KINDS, type Span } from './span.ts';

/**
 * A span as numbers, so that keeping thousands costs no objects and sending them little:
 *
 *     kind, start, duration, epoch, stage + 1, request + 1, sequence, amount, origin, peer, note
 *
 * The last three are places in a table of texts whose first is empty. Absent numbers are 0.
 */
export const ROW: number = 11;

const KIND = 0;
const START = 1;
const DURATION = 2;
const EPOCH = 3;
const STAGE = 4;
const REQUEST = 5;
const SEQUENCE = 6;
const AMOUNT = 7;
const ORIGIN = 8;
const PEER = 9;
const NOTE = 10;
/** Where rows name a text. */
export const TEXT_COLUMNS: readonly number[] = [ORIGIN, PEER, NOTE];

/** Writes a span into the row that begins at `at`. `textOf` gives the place of a text. */
export function writeRow(
  rows: Float64Array | number[],
  at: number,
  span: Span,
  textOf: (text: string) => number,
): void {
  rows[at + KIND] = SPAN_KINDS.indexOf(span.kind);
  rows[at + START] = span.start;
  rows[at + DURATION] = Math.max(0, span.end - span.start);
  rows[at + EPOCH] = span.epoch ?? 0;
  rows[at + STAGE] = span.stage === undefined ? 0 : span.stage + 1;
  rows[at + REQUEST] = span.request === undefined ? 0 : span.request + 1;
  rows[at + SEQUENCE] = span.sequence ?? 0;
  rows[at + AMOUNT] = span.amount ?? 0;
  rows[at + ORIGIN] = span.origin ? textOf(span.origin) : 0;
  rows[at + PEER] = span.peer ? textOf(span.peer) : 0;
  rows[at + NOTE] = span.note ? textOf(span.note) : 0;
}

/** Reads a row back; undefined for one that no device writes. Rows may be foreign. */
export function readRow(rows: ArrayLike<number>, at: number, texts: readonly string[]): Span | undefined {
  const number = (column: number): number => rows[at + column] ?? Number.NaN;
  const kind = SPAN_KINDS[number(KIND)];
  const [origin, peer, note] = TEXT_COLUMNS.map((column) => texts[number(column)]);
  if (!kind || !isPeerOrNone(origin) || !isPeerOrNone(peer) || note === undefined) return undefined;
  for (let column = START; column < ORIGIN; column++) {
    if (!(number(column) >= 0 && number(column) <= Number.MAX_SAFE_INTEGER)) return undefined;
  }
  const start = number(START);
  return {
    kind,
    start,
    end: start + number(DURATION),
    epoch: number(EPOCH),
    ...(number(STAGE) > 0 && { stage: number(STAGE) - 1 }),
    ...(number(REQUEST) > 0 && { request: number(REQUEST) - 1 }),
    ...(number(SEQUENCE) > 0 && { sequence: number(SEQUENCE) }),
    ...(number(AMOUNT) > 0 && { amount: number(AMOUNT) }),
    ...(origin && { origin }),
    ...(peer && { peer }),
    ...(note && { note }),
  };
}

function isPeerOrNone(text: string | undefined): text is PeerId | '' {
  return text === '' || (text !== undefined && isPeerId(text));
}
