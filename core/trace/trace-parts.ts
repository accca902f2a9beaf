import { ProtocolError } from '../errors.ts';
import type { Span } from './span.ts';
import { ROW, readRow, writeRow } from './span-row.ts';

/** About 60 KB of JSON each, so that other messages come between them, and far below what a link takes. */
export const PART_SPANS = 1000;
/** More than any ring has. */
export const MOST_PARTS = 8;
/** Of all columns of a part's rows. */
export const PART_TEXTS = 256;
export const TEXT_CHARACTERS = 120;

/** Spans on their way to another device: rows of `span-row.ts`, laid end to end. */
export interface SpanTable {
  /** Ms since the epoch, by the sender's clock: rows count in whole µs from here. */
  readonly base: number;
  readonly texts: readonly string[];
  readonly rows: readonly number[];
}

/** Cuts spans into tables; one that is empty where there are none. */
export function tablesOf(spans: readonly Span[]): SpanTable[] {
  const count = Math.min(MOST_PARTS, Math.max(1, Math.ceil(spans.length / PART_SPANS)));
  const kept = spans.slice(-MOST_PARTS * PART_SPANS);
  return Array.from({ length: count }, (_, at) =>
    tableOf(kept.slice(at * PART_SPANS, (at + 1) * PART_SPANS)),
  );
}

function tableOf(spans: readonly Span[]): SpanTable {
  const base = spans.reduce((least, { start }) => Math.min(least, start), spans[0]?.start ?? 0);
  const micros = (at: number): number => Math.round((at - base) * 1000);
  const texts = new Map<string, number>([['', 0]]);
  const textOf = (text: string): number => {
    const cut = text.slice(0, TEXT_CHARACTERS);
    if (!texts.has(cut) && texts.size < PART_TEXTS) texts.set(cut, texts.size);
    return texts.get(cut) ?? 0;
  };
  const rows: number[] = [];
  for (const [at, span] of spans.entries()) {
    writeRow(rows, at * ROW, { ...span, start: micros(span.start), end: micros(span.end) }, textOf);
  }
  return { base, texts: [...texts.keys()], rows };
}

/**
 * The spans of a table, by the sender's clock. Tables may be foreign.
 * @throws ProtocolError for a row that no device writes.
 */
export function spansOf({ base, texts, rows }: SpanTable): Span[] {
  const spans: Span[] = [];
  for (let at = 0; at < rows.length; at += ROW) {
    const span = readRow(rows, at, texts);
    if (!span) {
      const [expected, actual] = ['a row of a span', rows.slice(at, at + ROW).join(' ')];
      const data = { step: 'read a trace', expected, actual };
      throw new ProtocolError(`A trace is malformed: expected ${expected}, got ${actual}.`, data);
    }
    spans.push({ ...span, start: base + span.start / 1000, end: base + span.end / 1000 });
  }
  return spans;
}
