import * as v from 'valibot';
import { ROW } from '../trace/span-row.ts';
import { MOST_PARTS, PART_SPANS, PART_TEXTS, TEXT_CHARACTERS } from '../trace/trace-parts.ts';
import type { TracePart } from './messages.ts';
import { amount, finite, listOf, type SchemaOf, u32 } from './parse-basics.ts';

const index: SchemaOf<number> = v.pipe(u32, v.maxValue(MOST_PARTS));
/** Among them epochs, which fill all 53 bits. What is beyond is refused: a trace of wrong times is worse than none. */
const cell: SchemaOf<number> = v.pipe(finite, v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const text: SchemaOf<string> = v.pipe(v.string(), v.maxLength(TEXT_CHARACTERS));

/** How much there may be, and of what. What the rows say is read where somebody waits for them: `trace/trace-parts.ts`. */
export const tracePart: SchemaOf<TracePart> = v.pipe(
  v.object({
    type: v.literal('trace-part'),
    ticket: u32,
    part: index,
    parts: index,
    spans: v.object({
      base: amount,
      texts: listOf(text, PART_TEXTS),
      rows: listOf(cell, PART_SPANS * ROW),
    }),
  }),
  v.check(({ part, parts }) => part < parts, 'a part below their number'),
);
