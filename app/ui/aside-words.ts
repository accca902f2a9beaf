import type { AuditCounts, AuditEvidence } from '../../core/session/state.ts';

/** What showed that a device computes wrongly: "Layers 4–6 off by 2.3 %, where rounding explains 0.001 %. …" */
export function asideWords(evidence: AuditEvidence): string {
  const { start, end, difference, tolerance, recomputedBy, times } = evidence;
  const layers = end - start === 1 ? `Layer ${end}` : `Layers ${start + 1}–${end}`;
  const off =
    difference === null
      ? 'no number, or of another shape'
      : tolerance === 0
        ? `off by ${portion(difference)} ${times} times in a row, where the same bits come out elsewhere`
        : `off by ${portion(difference)}, where rounding explains ${portion(tolerance)}`;
  return `${layers} ${off}. Computed again by ${recomputedBy.join(' and ')}.`;
}

/** The same with what an engineer looks for. */
export function asideDetails({ origin, request, epoch, uncheckedMs }: AuditEvidence): string {
  const ago = Math.round(uncheckedMs / 1000);
  return `Request ${request} of ${origin}, plan ${epoch}; last known to be right ${ago} s before.`;
}

/** "34 results checked. 2 could not be: no device had memory or time for it." */
export function auditWords({ checked, skipped, undecided }: AuditCounts): string {
  const results = (count: number): string => (count === 1 ? '1 result' : `${count} results`);
  return [
    `${results(checked)} checked so far.`,
    ...(skipped > 0 ? [`${skipped} could not be: no device had memory or time for it.`] : []),
    ...(undecided > 0 ? [`On ${undecided} two devices differed, with no third to decide.`] : []),
  ].join(' ');
}

/** 0.0001 to 100 %, to two digits. */
function portion(share: number): string {
  const percent = share * 100;
  if (percent >= 1000) return 'more than 1000 %';
  return `${percent >= 0.001 || percent === 0 ? Number(percent.toPrecision(2)) : percent.toExponential(1)} %`;
}
