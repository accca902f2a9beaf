import { expect, test } from 'vitest';
import type { PeerId } from '../ids.ts';
import type { Span } from './span.ts';
import { SpanRing } from './span-ring.ts';

const ME = 'a'.repeat(16) as PeerId;

const run = (request: number, note = 'wasm'): Span => {
  const about = { epoch: 6390247686145, stage: 0, origin: ME, request, sequence: 2, amount: 1.5, note };
  return { kind: 'run', start: request, end: request + 0.5, ...about };
};

test('keeps the last spans as they were noted, oldest first', () => {
  const ring = new SpanRing(5);
  expect(ring.spans()).toEqual([]);
  for (let request = 0; request < 12; request++) ring.note(run(request));
  expect(ring.size).toBe(5);
  expect(ring.spans()).toEqual([7, 8, 9, 10, 11].map((request) => run(request)));
});

test('a span without stage or request is not one of stage or request 0', () => {
  const ring = new SpanRing(4);
  ring.note({ kind: 'plan', start: 1, end: 2 });
  expect(ring.spans()).toEqual([{ kind: 'plan', start: 1, end: 2, epoch: 0 }]);
});

test('texts that no span names any more give way to new ones', () => {
  const ring = new SpanRing(50);
  for (let at = 0; at < 5000; at++) ring.note(run(at, `reason ${at}`));
  expect(ring.spans().map(({ note, origin }) => [note, origin])).toEqual(
    Array.from({ length: 50 }, (_, at) => [`reason ${4950 + at}`, ME]),
  );
});

test('more texts than it keeps cost their words, and nothing else', () => {
  const ring = new SpanRing(1000);
  for (let at = 0; at < 5000; at++) ring.note(run(at, `reason ${at}`));
  const spans = ring.spans();
  expect(spans.map(({ request }) => request)).toEqual(Array.from({ length: 1000 }, (_, at) => 4000 + at));
  for (const { note, request } of spans) expect([undefined, `reason ${request}`]).toContain(note);
});
