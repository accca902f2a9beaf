/** Gains below this are within the error of measuring and predicting: nobody would feel them. */
const WORTH_MOVING = 1.2;
/** Such a gain must last, because measurements waver … */
const LASTING_MS = 3000;
/** … unless it is so large that no wavering explains it, and the plan has been still for a while. */
const OBVIOUS = 1.5;
/** After a change of plan its own effects are measured first; each further one must wait twice as long. */
const REST_MS = 4000;
/** So long a change of plan is remembered for that. */
export const MEMORY_MS = 120_000;
/** While nobody asks for anything, a move disturbs nobody: it must pay within the next minute. */
const IDLE_HORIZON_MS = 60_000;
/** A stage that loads beside the old one takes some of the time of whoever computes: about this share of it. */
const ALONGSIDE_COST = 0.3;

/** How a running plan stands, all times in ms. */
export interface Standing {
  /** The aim of the mode for the present plan and for the best one, in the room as it is now. */
  readonly presentMs: number;
  readonly bestMs: number;
  /** Since when the best plan has been better by {@link isBetter}; undefined if it is not. */
  readonly betterForMs: number;
  /** Since the present plan runs. */
  readonly runningForMs: number;
  /** How often the plan was left for a better one within the last {@link MEMORY_MS}. */
  readonly moves: number;
  /** Since when items have come without a pause; 0 while nobody asks. */
  readonly busyForMs: number;
  /** What the move takes: bytes that must travel, and loading. */
  readonly moveMs: number;
  /** The present plan goes on until the other one is ready. */
  readonly alongside: boolean;
}

/** True when the best plan is better by more than measurements waver. */
export function isBetter(presentMs: number, bestMs: number): boolean {
  return presentMs > bestMs * WORTH_MOVING;
}

/**
 * Whether to leave a plan that works for a better one: only when the gain lasts, and when what it saves over the work
 * that is still to come outweighs what the move costs. How much is to come nobody knows; what has gone on for a while
 * is expected to go on for as long again (Lindy's law).
 */
export function isWorthMoving(standing: Standing): boolean {
  const { presentMs, bestMs, betterForMs, runningForMs, moves, busyForMs, moveMs, alongside } = standing;
  if (!isBetter(presentMs, bestMs)) return false;
  const obvious = presentMs > bestMs * OBVIOUS && moves === 0;
  const restMs = REST_MS * 2 ** Math.max(0, moves - 1);
  if (!obvious && (betterForMs < LASTING_MS || runningForMs < restMs)) return false;
  const horizonMs = busyForMs > 0 ? busyForMs : IDLE_HORIZON_MS;
  const saved = horizonMs * (1 - bestMs / presentMs);
  return saved > moveMs * (alongside ? ALONGSIDE_COST : 1);
}
