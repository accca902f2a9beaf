import { type Spread, spread } from './statistics.ts';

/** One interleaved round: all in milliseconds. */
export interface Round {
  /** The whole model on the bare runtime: inside `run`, and with the way to its worker and back. */
  readonly wholeMs: number;
  readonly wholeWallMs: number;
  readonly splitMs: number;
  /** Sum over the stages of the time inside the runtime's `run`. */
  readonly computeMs: number;
  /** A raw data channel's time for the bytes that must cross; 0 for one tab. */
  readonly rawMs: number;
}

/** A ratio or time with its goal and limit. `least`: larger is better. */
export interface Finding {
  readonly name: string;
  readonly value: Spread;
  readonly goal: number;
  readonly limit: number;
  readonly least: boolean;
}

/** Fixed cost that a hop may have beside the bytes, in ms: two workers, two page threads, one frame header. */
const HOP_ALLOWANCE_MS = 4;

/** What the rounds of one model on `tabs` tabs say. */
export function findingsOf(rounds: readonly Round[], tabs: number): Finding[] {
  const over = (ratio: (round: Round) => number): Spread => spread(rounds.map(ratio));
  if (tabs === 1) {
    return [
      {
        name: 'bare runtime / stage worker (with the way there and back)',
        value: over(({ wholeWallMs, splitMs }) => wholeWallMs / splitMs),
        goal: 0.98,
        limit: 0.98,
        least: true,
      },
      {
        name: 'bare runtime / stage worker (inside the runtime)',
        value: over(({ wholeMs, computeMs }) => wholeMs / computeMs),
        goal: 0.98,
        limit: 0.98,
        least: true,
      },
    ];
  }
  return [
    {
      name: 'split / (whole + raw channel)',
      value: over(({ splitMs, wholeMs, rawMs }) => splitMs / (wholeMs + rawMs)),
      goal: 1.1,
      limit: 1.15,
      least: false,
    },
    {
      name: `(split - compute) / (1.3 raw + ${HOP_ALLOWANCE_MS} ms)`,
      value: over(
        ({ splitMs, computeMs, rawMs }) => (splitMs - computeMs) / (1.3 * rawMs + HOP_ALLOWANCE_MS),
      ),
      goal: 1,
      limit: 1,
      least: false,
    },
  ];
}

/** Where the median stands: `good` reaches the goal, `fair` only the limit. */
export function verdict({ value, goal, limit, least }: Finding): 'good' | 'fair' | 'poor' {
  const reaches = (mark: number): boolean => (least ? value.median >= mark : value.median <= mark);
  if (reaches(goal)) return 'good';
  return reaches(limit) ? 'fair' : 'poor';
}
