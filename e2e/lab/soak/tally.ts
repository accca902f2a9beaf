import { quantile } from '../../../bench/statistics.ts';

/** What came of a question. `died`: its page was killed, and it with it. */
export type AnswerKind = 'right' | 'wrong' | 'lost' | 'doubled' | 'died';

export interface SoakSummary {
  readonly answers: Readonly<Record<AnswerKind, number>>;
  readonly falseAlarms: number;
  readonly recoveries: {
    readonly count: number;
    readonly medianMs: number | null;
    readonly maxMs: number | null;
  };
  /** What was wrong, in words. */
  readonly findings: readonly string[];
}

/** What has come to whoever asks on a line, from which device's page. */
interface Heard {
  readonly line: number;
  readonly asker: number;
  readonly askedAt: number;
  readonly at: number;
}

/** Counts what a soak has seen; all moments in ms of one clock. */
export class Tally {
  readonly #answers: Record<AnswerKind, number> = { right: 0, wrong: 0, lost: 0, doubled: 0, died: 0 };
  readonly #heard: Heard[] = [];
  readonly #recoveries: number[] = [];
  readonly #findings: string[] = [];
  readonly #found: (finding: string) => void;
  #falseAlarms = 0;

  /** `found` hears at once what was wrong, in words. */
  constructor(found: (finding: string) => void = () => undefined) {
    this.#found = found;
  }

  answered(kind: AnswerKind, finding = ''): void {
    this.#answers[kind] += 1;
    if (kind !== 'right' && kind !== 'died') this.#note(`${kind}: ${finding}`);
  }

  /** A token or an item has come. */
  came(heard: Heard): void {
    this.#heard.push(heard);
  }

  /**
   * Notes how long after a disturbance of a device every line had something that was asked after it from another one;
   * what came before is forgotten.
   */
  recovered(since: number, device: number): number | null {
    const firsts = new Map<number, number>();
    for (const { line, asker, askedAt, at } of this.#heard.splice(0))
      if (asker !== device && askedAt >= since && !firsts.has(line)) firsts.set(line, at);
    if (firsts.size === 0) return null;
    const ms = Math.max(...firsts.values()) - since;
    this.#recoveries.push(ms);
    return ms;
  }

  /** A page wrote that a device left to which nothing had happened. */
  falseAlarm(finding: string): void {
    this.#falseAlarms += 1;
    this.#note(finding);
  }

  #note(finding: string): void {
    this.#findings.push(finding);
    this.#found(finding);
  }

  /** Ends well only with none of these. */
  get isClean(): boolean {
    const { wrong, lost, doubled } = this.#answers;
    return wrong + lost + doubled === 0;
  }

  summary(): SoakSummary {
    const some = this.#recoveries.length > 0;
    return {
      answers: { ...this.#answers },
      falseAlarms: this.#falseAlarms,
      recoveries: {
        count: this.#recoveries.length,
        medianMs: some ? Math.round(quantile(this.#recoveries, 0.5)) : null,
        maxMs: some ? Math.round(Math.max(...this.#recoveries)) : null,
      },
      findings: [...this.#findings],
    };
  }
}

/** The tally in one line. */
export function lineOf(minute: number, tally: Tally, memory: string): string {
  const { answers, recoveries, falseAlarms } = tally.summary();
  const { right, wrong, lost, doubled, died } = answers;
  return (
    `${minute.toFixed(1)} min: ${right} answers, ${lost} lost, ${wrong} wrong, ${doubled} doubled, ` +
    `${died} died with their page; ${recoveries.count} recoveries, median ${recoveries.medianMs ?? '-'} ms, ` +
    `max ${recoveries.maxMs ?? '-'} ms; ${falseAlarms} false alarms; ${memory}`
  );
}
