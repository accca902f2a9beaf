import { isAuditable, isChosen, secretOf, stageBefore } from '../../audit/chosen.ts';
import type { PeerId, RequestId } from '../../ids.ts';
import type { AuditFrame } from '../../protocol/audit-frame.ts';
import { type Activation, RESULT_STAGE } from '../../protocol/frame.types.ts';
import type { AuditTerms } from '../../protocol/messages.ts';
import { holdersOf } from '../../session/holders.ts';
import type { PlanView } from '../../session/state.ts';

/** Copies of both sides of a run that wait; the oldest goes first. */
const MOST = 64;
const MOST_BYTES = 128 * 1024 * 1024;
/** Names of runs that are remembered. */
const MOST_NAMES = 1000;

/** What a stage was sent and what came of it. */
export interface Pair {
  readonly holder: PeerId;
  readonly stage: number;
  readonly origin: PeerId;
  readonly request: RequestId;
  readonly input: Activation;
  readonly output: Activation;
  /** When the later of the two was here. */
  readonly at: number;
}

interface Half {
  readonly input?: Activation;
  readonly output?: Activation;
  readonly bytes: number;
}

/** Puts the copies of the two neighbours of a run together. Takes them from nobody else, and of chosen runs only. */
export class Pairs {
  readonly #plan: PlanView;
  /** With all secrets. */
  readonly #terms: AuditTerms;
  readonly #halves = new Map<string, Half>();
  readonly #whole = new Set<string>();
  /** Entered twice, as a link broke: it cannot be told which output is of which input. */
  readonly #unclear = new Set<string>();

  constructor(plan: PlanView, terms: AuditTerms) {
    this.#plan = plan;
    this.#terms = terms;
  }

  /** A copy from `peer`: the pair, if it is whole now. */
  add(peer: PeerId, { kind, holder, activation }: AuditFrame, now: number): Pair | undefined {
    const { stages } = this.#plan;
    const { epoch, origin, request } = activation;
    const entered = kind === 'entered';
    const stage = entered ? activation.stage : stageBefore(activation, stages.length);
    if (epoch !== this.#plan.epoch || !isAuditable(activation) || !this.#holds(holder, stage)) return;
    if (!this.#isNeighbour(peer, entered ? stage - 1 : stage + 1, activation)) return;
    const secret = secretOf(this.#terms, holder, { origin, stage });
    const name = { epoch, origin, request, stage };
    if (secret === undefined || !isChosen(secret, name, this.#terms.rate)) return;
    const key = keyOf({ holder, stage, origin, request });
    if (this.#unclear.has(key)) return;
    const before = this.#halves.get(key);
    if (this.#whole.has(key) || (entered ? before?.input : before?.output)) {
      this.#halves.delete(key);
      note(this.#unclear, key);
      return;
    }
    const half = { ...before, ...(entered ? { input: activation } : { output: activation }) };
    this.#halves.delete(key);
    if (half.input && half.output) {
      note(this.#whole, key);
      const { input, output } = half;
      return { holder, stage, origin, request, input, output, at: now };
    }
    this.#halves.set(key, { ...half, bytes: bytesOf(activation) });
    this.#shrink();
    return undefined;
  }

  /** True while it has not turned out that a pair is unclear. */
  isClear(pair: Pair): boolean {
    return !this.#unclear.has(keyOf(pair));
  }

  #holds(peer: PeerId, stage: number): boolean {
    const view = this.#plan.stages[stage];
    return view !== undefined && holdersOf(view).some((holder) => holder.peer === peer);
  }

  /** Whoever sent into the stage, or got what came of it. */
  #isNeighbour(peer: PeerId, stage: number, { origin, stage: to }: Activation): boolean {
    return stage < 0 || to === RESULT_STAGE ? peer === origin : this.#holds(peer, stage);
  }

  #shrink(): void {
    let bytes = [...this.#halves.values()].reduce((sum, half) => sum + half.bytes, 0);
    for (const [key, half] of this.#halves) {
      if (this.#halves.size <= MOST && bytes <= MOST_BYTES) return;
      this.#halves.delete(key);
      bytes -= half.bytes;
    }
  }
}

function keyOf({ holder, stage, origin, request }: Omit<Pair, 'input' | 'output' | 'at'>): string {
  return `${holder}/${stage}/${origin}/${request}`;
}

function note(names: Set<string>, name: string): void {
  names.add(name);
  const [oldest] = names;
  if (names.size > MOST_NAMES && oldest !== undefined) names.delete(oldest);
}

function bytesOf({ tensors }: Activation): number {
  return tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
}
