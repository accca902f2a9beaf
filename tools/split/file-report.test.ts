import { expect, it } from 'vitest';
import { type FileReport, isGood, rowsOf } from './file-report.ts';

const report = (part: Partial<FileReport>): FileReport => ({
  file: 'm.onnx',
  verdict: 'equal',
  reason: '',
  runtime: null,
  cuts: [],
  blocks: null,
  seconds: 1,
  ...part,
});

it('a refusal is good only where the runtime refuses too', () => {
  expect(isGood(report({ verdict: 'refused', runtime: 'no such operator' }))).toBe(true);
  expect(isGood(report({ verdict: 'refused' }))).toBe(false);
  expect(isGood(report({ verdict: 'whole' }))).toBe(true);
  expect(isGood(report({ verdict: 'different' }))).toBe(false);
  expect(isGood(report({ verdict: 'failed', runtime: 'x' }))).toBe(false);
});

it('a row names each cut that went wrong', () => {
  const difference = { maxAbs: 2, maxRel: 1, argmaxEqual: true, bitEqual: false, equal: false };
  const cuts = [
    { position: 3, crossing: ['a', 'b'], difference },
    { position: 4, crossing: ['c'], difference: { ...difference, maxAbs: 0, equal: true } },
    { position: 5, crossing: ['d'], error: 'out of memory' },
  ];
  const rows = rowsOf(report({ verdict: 'failed', reason: '2 of 3 cuts failed', cuts }));
  expect(rows).toHaveLength(3);
  expect(rows[1]).toContain('after step 3 (a, b): DIFFERENT: largest difference 2');
  expect(rows[2]).toContain('after step 5 (d): out of memory');
});
