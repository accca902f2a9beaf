import { isStep, joinSteps, type Step } from '../language/join-steps.ts';
import type { Clock } from '../mesh/clock.ts';
import { MAX_JOINED } from '../protocol/frame.ts';
import type { Activation, JoinedRun } from '../protocol/frame.types.ts';
import type { LoadStage } from '../protocol/messages.ts';

/** When the first of a group is back, the others are awaited for this share of a stage's time, and no longer. */
const WAIT_SHARE = 0.5;
const WAIT_MS = 10;
/** A group that stays away for so many times the usual is not awaited any more: its texts have ended. */
const PATIENCE = 2;
/** The way round is taken for this while none is known. */
const FIRST_WAY_MS = 100;
/** Tokens of a text that runs with others: all their masks are filled up to the longest. */
const LONGEST = 1 << 17;
/** How much of what was known stays after another group. */
const MEMORY = 0.8;

/** Texts whose steps run together, from when they enter until they are back for their next. */
interface Group {
  readonly enteredAt: number;
  /** Those that are not back yet. */
  readonly away: Set<string>;
  /** When the first was back. */
  backAt: number | undefined;
}

/** How many steps may run together now; or for how long to wait for more, unless another comes. */
export type JoinOrder = { readonly most: number } | { readonly waitMs: number };

/**
 * Decides which waiting steps of several texts run together. A matrix of weights is read once for all of them, so four
 * together take little longer than one. But all in one run would leave the other stages idle, so there are as many
 * groups under way as there are stages, of equal size: what is left over when a group is back joins the next.
 */
export class StepJoiner {
  readonly #clock: Clock;
  #groups: Group[] = [];
  #wayMs: number | undefined;
  /** All stages together, if each takes as long as this one. */
  #stagesMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether an activation may run together with others under these terms. */
  joins(activation: Activation, { stage, holders, batching, receives, kept }: LoadStage): boolean {
    // Only where they enter is it known what each input is for, and from there all rows go one way.
    if (!batching || stage !== 0 || holders.slice(1).some((each) => each.length > 1)) return false;
    const { decode, tensors } = activation;
    if (!decode || activation.joined || decode.keep > LONGEST) return false;
    const fed = receives.filter(({ name }) => !kept?.unreceived.includes(name));
    return (
      fed.every(({ dtype }, at) => tensors[at]?.dtype === dtype) && isStep({ decode, tensors }, batching)
    );
  }

  /** A step has come: its text is back. */
  came(step: Activation): void {
    const key = keyOf(step);
    const now = this.#clock.now();
    for (const group of this.#groups) {
      if (!group.away.delete(key)) continue;
      const wayMs = now - group.enteredAt;
      // Who stays away longer has paused in between.
      if (group.backAt === undefined && wayMs <= this.#patienceMs) {
        this.#wayMs = this.#wayMs === undefined ? wayMs : this.#wayMs * MEMORY + wayMs * (1 - MEMORY);
      }
      group.backAt ??= now;
    }
  }

  /** What to do with so many steps that wait, under these terms. `stageMs`: what one step takes here. */
  order({ holders }: LoadStage, waiting: number, stageMs: number): JoinOrder {
    const now = this.#clock.now();
    this.#stagesMs = stageMs * holders.length;
    const patienceMs = this.#patienceMs;
    const lateMs = Math.min(WAIT_MS, stageMs * WAIT_SHARE);
    const leftMs = ({ enteredAt, backAt }: Group): number =>
      backAt === undefined ? enteredAt + patienceMs - now : backAt + lateMs - now;
    this.#groups = this.#groups.filter((group) => group.away.size > 0 && leftMs(group) > 0);
    const under = this.#groups.filter(({ backAt }) => backAt === undefined);
    const runs = Math.max(1, holders.length);
    if (under.length >= runs) return { waitMs: Math.min(...under.map(leftMs)) };
    const late = this.#groups.filter(({ backAt }) => backAt !== undefined);
    const texts = this.#groups.reduce((sum, { away }) => sum + away.size, waiting);
    const most = Math.min(MAX_JOINED, Math.ceil(texts / runs));
    return late.length > 0 && waiting < most ? { waitMs: Math.max(...late.map(leftMs)) } : { most };
  }

  get #patienceMs(): number {
    return PATIENCE * Math.max(this.#wayMs ?? FIRST_WAY_MS, this.#stagesMs);
  }

  /** These run now. */
  entered(steps: readonly Activation[]): void {
    this.#groups.push({
      enteredAt: this.#clock.now(),
      away: new Set(steps.map(keyOf)),
      backAt: undefined,
    });
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

/** The same without words from those whose state is gone: what a later stage makes of them means nothing. */
export function withoutWords(
  activation: Activation,
  lost: { has(run: Activation): boolean },
  runs: readonly Activation[],
): Activation {
  const [first, ...joined] = runs.map((run): Activation => {
    const { decode } = run;
    return decode && lost.has(run) ? { ...run, decode: { ...decode, picks: 0 } } : run;
  });
  const others = joined.flatMap(({ origin, request, sequence, step, decode }): JoinedRun[] =>
    decode ? [{ origin, request, sequence, step, decode }] : [],
  );
  return { ...activation, ...first, ...(others.length > 0 && { joined: others }) };
}

function keyOf({ origin, sequence }: Activation): string {
  return `${origin}/${sequence}`;
}
