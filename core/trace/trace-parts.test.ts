import { describe, expect, it } from 'vitest';
import type { PeerId } from '../ids.ts';
import { EXAMPLES } from '../protocol/control-examples.ts';
import { parseControl } from '../protocol/parse.ts';
import type { Span } from './span.ts';
import { ROW } from './span-row.ts';
import { MOST_PARTS, PART_SPANS, type SpanTable, spansOf, tablesOf } from './trace-parts.ts';

const [ME, PEER] = ['a'.repeat(16), 'b'.repeat(16)] as [PeerId, PeerId];
const AT = 1_795_939_767_366.07;

function spans(count: number): Span[] {
  return Array.from({ length: count }, (_, at): Span => {
    const about = {
      epoch: 6390247686145,
      origin: ME,
      request: at,
      sequence: 1,
      amount: 12_632,
      note: 'direct',
    };
    return {
      kind: 'send',
      start: AT + at * 10.017,
      end: AT + at * 10.017 + 1.25,
      stage: 1,
      peer: PEER,
      ...about,
    };
  });
}

/** As a device takes what another one sends. */
function parsed(table: SpanTable): Span[] {
  const message = { ...EXAMPLES['trace-part'], spans: table };
  const read = parseControl(JSON.stringify(message));
  return read.type === 'trace-part' ? spansOf(read.spans) : [];
}

describe('spans on their way', () => {
  it('arrive as they were noted, to the microsecond', () => {
    const sent = spans(2345);
    const tables = tablesOf(sent);
    expect(tables).toHaveLength(3);
    const arrived = tables.flatMap((table) => parsed(table));
    expect(arrived).toHaveLength(sent.length);
    for (const [at, { start, end, ...rest }] of sent.entries()) {
      const { start: a, end: b, ...same } = arrived[at] as Span;
      expect(same).toEqual(rest);
      expect(Math.abs(a - start)).toBeLessThan(0.001);
      expect(Math.abs(b - end)).toBeLessThan(0.001);
    }
  });

  it('are one empty table where there are none, and the last ones where there are too many', () => {
    expect(tablesOf([]).map((table) => parsed(table))).toEqual([[]]);
    const all = spans(MOST_PARTS * PART_SPANS + 7);
    const tables = tablesOf(all);
    expect(tables).toHaveLength(MOST_PARTS);
    expect(parsed(tables[0] as SpanTable)?.[0]?.request).toBe(7);
  });

  it('take a fifth of a megabyte at most', () => {
    for (const table of tablesOf(spans(PART_SPANS)))
      expect(JSON.stringify({ ...EXAMPLES['trace-part'], spans: table }).length).toBeLessThan(200_000);
  });
});

describe('a foreign table is refused', () => {
  const [good] = tablesOf(spans(2)) as [SpanTable];
  const withCell = (column: number, value: unknown): SpanTable => {
    return { ...good, rows: good.rows.map((cell, at) => (at === column ? value : cell)) as number[] };
  };

  it.each([
    ['an unknown kind', withCell(0, 99)],
    ['half a kind', withCell(0, 1.5)],
    ['a negative duration', withCell(2, -1)],
    ['a time that is no number', withCell(1, 'x')],
    ['a number beyond all times', withCell(1, 1e300)],
    ['a text that is not there', withCell(10, 77)],
    ['a peer that is none', withCell(9, good.texts.indexOf('direct'))],
    ['half a row', { ...good, rows: good.rows.slice(0, -1) }],
    ['too many rows', { ...good, rows: Array(ROW * (PART_SPANS + 1)).fill(0) }],
    ['too many texts', { ...good, texts: Array(300).fill('a') }],
    ['a long text', { ...good, texts: ['', 'x'.repeat(500)] }],
    ['no base', { ...good, base: undefined as unknown as number }],
  ])('with %s', (_, table) => {
    expect(parsed(good)).toHaveLength(2);
    expect(() => parsed(table)).toThrow(expect.objectContaining({ name: 'ProtocolError' }));
  });

  it.each([
    ['a part beyond the last', { part: 2, parts: 2 }],
    ['more parts than anybody sends', { part: 0, parts: 9 }],
    ['no parts', { part: 0, parts: 0 }],
  ])('in %s', (_, numbers) => {
    const text = JSON.stringify({ ...EXAMPLES['trace-part'], ...numbers });
    expect(() => parseControl(text)).toThrow(expect.objectContaining({ name: 'ProtocolError' }));
  });
});
