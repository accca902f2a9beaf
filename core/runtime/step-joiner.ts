import { isStep, joinSteps, type Step } from '../language/join-steps.ts';
import type { Clock } from '../mesh/clock.ts';
import { MAX_JOINED } from '../protocol/frame.ts';
import type { Activation, JoinedRun } from '../protocol/frame.types.ts';
import type { LoadStage } from '../protocol/messages.ts';

/** A text whose step has come is written for so many times the pause before it, at least so long. */
const PATIENCE = 3;
const PATIENCE_MS = 100;
/** Steps that come back together arrive within this share of a stage's time, and no longer is waited for them. */
const WAIT_SHARE = 0.25;
const WAIT_MS = 10;

/** When a text's last steps came. */
interface Text {
  readonly at: number;
  readonly pauseMs: number;
}

/**
 * Decides which waiting steps of several texts run together. A matrix of weights is read once for all of them, so four
 * together take little longer than one. But all in one run would leave the other stages idle, so the texts that are
 * being written are dealt out evenly to as many runs as there are stages.
 */
export class StepJoiner {
  readonly #clock: Clock;
  readonly #texts: Map<string, Text> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether an activation may run together with others under these terms. */
  joins(activation: Activation, { stage, holders, batching }: LoadStage): boolean {
    // All rows go one way, and only where they enter is it known what each input is for.
    if (!batching || stage !== 0 || holders.some((each) => each.length > 1)) return false;
    const { decode, tensors } = activation;
    return decode !== undefined && !activation.joined && isStep({ decode, tensors }, batching);
  }

  /** A step has come. */
  came({ origin, sequence }: Activation): void {
    const key = `${origin}/${sequence}`;
    const at = this.#clock.now();
    const before = this.#texts.get(key);
    this.#texts.delete(key);
    this.#texts.set(key, { at, pauseMs: before ? at - before.at : PATIENCE_MS });
  }

  /** Steps that are to run together, at most; and how long the first of so many that wait may wait for the others. */
  order({ holders }: LoadStage, waiting: number, stageMs: number): { most: number; waitMs: number } {
    const now = this.#clock.now();
    for (const [key, { at, pauseMs }] of this.#texts) {
      if (now - at > Math.max(PATIENCE_MS, pauseMs * PATIENCE)) this.#texts.delete(key);
    }
    const most = Math.min(MAX_JOINED, Math.max(1, Math.ceil(this.#texts.size / Math.max(1, holders.length))));
    return { most, waitMs: waiting < most ? Math.min(WAIT_MS, stageMs * WAIT_SHARE) : 0 };
  }
}

/** One activation for all of them: the first with the others' runs, and a row of the tensors for each. */
export function joinActivations(
  activations: readonly Activation[],
  batching: NonNullable<LoadStage['batching']>,
): Activation | undefined {
  // In one order always, so that what the stages keep of a group lies ready for its next run.
  const [first, ...others] = activations.toSorted((a, b) =>
    a.origin === b.origin ? a.sequence - b.sequence : a.origin < b.origin ? -1 : 1,
  );
  if (!first || others.length === 0) return first;
  const steps = [first, ...others].flatMap(({ decode, tensors }): Step[] =>
    decode ? [{ decode, tensors }] : [],
  );
  const joined = others.flatMap(({ origin, request, sequence, step, decode }): JoinedRun[] =>
    decode ? [{ origin, request, sequence, step, decode }] : [],
  );
  return { ...first, joined, tensors: joinSteps(steps, batching) };
}

/** Each run of an activation as one of its own, all with the same tensors. */
export function runsOf(activation: Activation): readonly Activation[] {
  const { joined = [], ...first } = activation;
  return [first, ...joined.map((run) => ({ ...first, ...run }))];
}
