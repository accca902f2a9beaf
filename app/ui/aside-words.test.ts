import { expect, test } from 'vitest';
import type { Epoch, PeerId, RequestId } from '../../core/ids.ts';
import type { AuditEvidence } from '../../core/session/state.ts';
import { asideWords, auditWords } from './aside-words.ts';

const evidence: AuditEvidence = {
  epoch: 4 as Epoch,
  start: 3,
  end: 6,
  origin: 'a'.repeat(16) as PeerId,
  request: 17 as RequestId,
  difference: 0.0234,
  tolerance: 1e-5,
  recomputedBy: ['Laptop', 'Tablet'],
  times: 1,
  uncheckedMs: 9000,
};

test('evidence says what was off, by how much, and who computed it again', () => {
  expect(asideWords(evidence)).toBe(
    'Layers 4–6 off by 2.3 %, where rounding explains 0.001 %. Computed again by Laptop and Tablet.',
  );
  expect(asideWords({ ...evidence, start: 5, difference: null, recomputedBy: ['Laptop'] })).toBe(
    'Layer 6 no number, or of another shape. Computed again by Laptop.',
  );
  expect(asideWords({ ...evidence, difference: 1.19e-7, tolerance: 0, times: 3 })).toContain(
    'off by 1.2e-5 % 3 times in a row, where the same bits come out elsewhere',
  );
});

test('counts say what could not be checked, and why', () => {
  expect(auditWords({ checked: 1, skipped: 0, undecided: 0 })).toBe('1 result checked so far.');
  expect(auditWords({ checked: 34, skipped: 2, undecided: 0 })).toBe(
    '34 results checked so far. 2 could not be: no device had memory or time for it.',
  );
});
