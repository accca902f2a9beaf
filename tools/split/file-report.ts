import type { Difference } from './compare.ts';

/** One cut and, after a check, how it went. */
export interface CutReport {
  /** Number of work nodes before it; for a walk through all stages, how many there are. */
  readonly position: number;
  readonly crossing: readonly string[];
  readonly crossingBytes?: number;
  readonly difference?: Difference;
  readonly error?: string;
}

/**
 * What became of one file. `equal`: each cut gives what the file gives. `whole`: no cut, but our one stage gives what
 * the file gives. `refused`: not run, for `reason`. `different`: a result differs. `failed`: our side broke.
 */
export interface FileReport {
  readonly file: string;
  readonly verdict: 'equal' | 'whole' | 'refused' | 'different' | 'failed';
  /** A sentence's end: "it has a single step, Abs node"; empty where there is nothing to say. */
  readonly reason: string;
  /** What ONNX Runtime Web says where it refuses the file itself; null where it runs it, or was not asked. */
  readonly runtime: string | null;
  readonly cuts: readonly CutReport[];
  /** Number of stages when each block is one, and how that walk went. */
  readonly blocks: CutReport | null;
  readonly seconds: number;
}

/** Whether a file came out as it should: what the runtime runs, we run, and with the same result. */
export function isGood({ verdict, runtime }: FileReport): boolean {
  return verdict === 'equal' || verdict === 'whole' || (verdict === 'refused' && runtime !== null);
}

/** A cut that did not give what the file gives. */
export function isBad({ error, difference }: CutReport): boolean {
  return error !== undefined || difference?.equal === false;
}

/** A row of the table, and a line for each cut that went wrong. */
export function rowsOf(report: FileReport): readonly string[] {
  const bad = [...report.cuts, ...(report.blocks ? [report.blocks] : [])].filter(isBad);
  const lines = bad.map(({ position, crossing, error, difference }) => {
    const place =
      crossing.length > 0 ? `after step ${position} (${crossing.join(', ')})` : `${position} stages`;
    return `    ${place}: ${error ?? inWords(difference)}`;
  });
  return [`${report.file}: ${verdictInWords(report)} (${report.seconds.toFixed(1)} s)`, ...lines];
}

/** "equal: 12 cuts, largest difference 0" */
function verdictInWords({ verdict, reason, runtime, cuts, blocks }: FileReport): string {
  const differences = [...cuts, ...(blocks ? [blocks] : [])].flatMap(({ difference }) => difference ?? []);
  const largest = `largest difference ${Math.max(0, ...differences.map(({ maxAbs }) => maxAbs))}`;
  const count = `${cuts.length} cut${cuts.length === 1 ? '' : 's'}`;
  const note = reason === '' ? '' : `, ${reason}`;
  switch (verdict) {
    case 'equal':
      return `equal: ${count}, ${largest}${note}`;
    case 'whole':
      return `runs whole because it ${reason}; ${largest}`;
    case 'refused':
      return refusalInWords(reason, runtime);
    case 'different':
      return `DIFFERENT: ${cuts.filter(isBad).length} of ${count}, ${largest}${note}`;
    case 'failed':
      return `FAILED: ${reason}`;
  }
}

function refusalInWords(reason: string, runtime: string | null): string {
  if (reason === '') return `refused because ONNX Runtime Web refuses it: ${runtime}`;
  const verdict = runtime === null ? 'ONNX Runtime Web LOADS IT' : `so does ONNX Runtime Web: ${runtime}`;
  return `refused because ${reason}; ${verdict}`;
}

/** A difference as a sentence. */
export function inWords(difference: Difference | undefined): string {
  if (!difference) return 'not compared';
  const { equal, bitEqual, maxAbs, maxRel, argmaxEqual } = difference;
  const verdict = equal ? 'equal' : 'DIFFERENT';
  const bits = bitEqual ? 'bit for bit' : `argmax ${argmaxEqual ? 'equal' : 'different'}`;
  return `${verdict}: largest difference ${maxAbs} absolute, ${maxRel} relative, ${bits}`;
}
