import { type Fault, wordsOf } from './fault.ts';

/** What a fault did to the answers from then until the next one; a row of the report. */
export interface FaultReport {
  readonly kind: Fault['kind'];
  /** In order of joining; null for the server. */
  readonly device: number | null;
  /** Once so many items or tokens had been answered. */
  readonly at: number;
  /** Until everybody who asks had an answer to something asked after the fault; null where nobody asked any more. */
  readonly recoveredMs: number | null;
  readonly lost: number;
  readonly duplicated: number;
  /** Whether every answer is the one that the whole model gives. */
  readonly outputEqual: boolean;
}

/** A fault that has come, at this moment. */
export interface Fired {
  readonly fault: Fault;
  readonly device: number | null;
  readonly moment: number;
}

/** What came of one item or token. */
export interface Outcome {
  readonly line: number;
  readonly askedAt: number;
  readonly at: number;
  readonly kind: 'equal' | 'wrong' | 'lost' | 'duplicated';
}

/** Says of each fault what came of it. What came before the first is nobody's doing. */
export function judge(fired: readonly Fired[], outcomes: readonly Outcome[]): readonly FaultReport[] {
  return fired.map(({ fault, device, moment }, index) => {
    const until = fired[index + 1]?.moment ?? Number.POSITIVE_INFINITY;
    const own = outcomes.filter(({ at }) => at >= moment && at < until);
    const count = (kind: Outcome['kind']): number => own.filter((outcome) => outcome.kind === kind).length;
    return {
      kind: fault.kind,
      device,
      at: fault.at,
      recoveredMs: recovery(moment, outcomes),
      lost: count('lost'),
      duplicated: count('duplicated'),
      outputEqual: count('wrong') === 0,
    };
  });
}

/** True when nothing was lost, doubled or wrong after any of these. */
export function isHarmless(reports: readonly FaultReport[]): boolean {
  return reports.every(({ lost, duplicated, outputEqual }) => lost === 0 && duplicated === 0 && outputEqual);
}

/** The report's lines for a terminal. */
export function faultLines(reports: readonly FaultReport[]): string[] {
  return reports.map(({ kind, device, at, recoveredMs, lost, duplicated, outputEqual }) => {
    const whom = device === null ? kind : `${kind} of device ${device}`;
    const after =
      recoveredMs === null ? 'nothing asked after it' : `answers again after ${recoveredMs.toFixed(0)} ms`;
    return (
      `fault   ${whom} at ${at}: ${after}, ${lost} lost, ${duplicated} doubled, ` +
      `output ${outputEqual ? 'equal' : 'DIFFERENT'}`
    );
  });
}

/** Faults that the answers ended too soon for. */
export function unfired(faults: readonly Fault[], fired: readonly Fired[]): string[] {
  return faults
    .filter((fault) => !fired.some((each) => each.fault === fault))
    .map((fault) => `the fault ${wordsOf(fault)} never came: there were not so many answers`);
}

function recovery(moment: number, outcomes: readonly Outcome[]): number | null {
  const firsts = new Map<number, number>();
  for (const { line, askedAt, at, kind } of outcomes) {
    if (askedAt < moment || kind === 'lost') continue;
    firsts.set(line, Math.min(at, firsts.get(line) ?? Number.POSITIVE_INFINITY));
  }
  return firsts.size === 0 ? null : Math.max(...firsts.values()) - moment;
}
