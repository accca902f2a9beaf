import type { PeerId } from '../../ids.ts';
import type { Clock } from '../../mesh/clock.ts';
import type { SessionEvent } from '../../session/events.ts';
import { holdersOf } from '../../session/holders.ts';
import type { PlanView, SetAside } from '../../session/state.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Answered, AskResult } from '../asker.ts';

/** Answers that are remembered, and the bytes of those whose tensors are. */
const MOST = 1000;
const MOST_BYTES = 16 * 1024 * 1024;

/** An answer that others had a part in. */
export interface RecentAnswer {
  readonly at: number;
  readonly holders: ReadonlySet<PeerId>;
  /** What was asked and what came: null where it cannot be asked again, or took too much memory to keep. */
  readonly kept: { readonly asked: readonly Tensor[]; readonly answer: readonly Tensor[] } | null;
  readonly bytes: number;
}

export interface DoubtsOptions {
  readonly me: PeerId;
  readonly clock: Clock;
  readonly emit: (event: SessionEvent) => void;
  readonly ask: (tensors: readonly Tensor[]) => Promise<AskResult>;
}

/**
 * The answers of this page that devices had a part in whose results turn out to be wrong: they are counted, and asked
 * again where what was asked is still here.
 */
export class DoubtsLater {
  readonly #options: DoubtsOptions;
  /** Oldest first. */
  #answers: RecentAnswer[] = [];
  #bytes = 0;
  /** Findings that have been acted on. */
  readonly #seen = new Set<string>();

  constructor(options: DoubtsOptions) {
    this.#options = options;
  }

  answered({ asked, answer, inSequence }: Answered, plan: PlanView | null): void {
    const { me, clock } = this.#options;
    const holders = new Set(plan?.stages.flatMap((stage) => holdersOf(stage).map(({ peer }) => peer)));
    if (holders.size === 0 || (holders.size === 1 && holders.has(me))) return;
    const size = [...asked, ...answer].reduce((sum, { data }) => sum + data.byteLength, 0);
    const keeps = !inSequence && size <= MOST_BYTES / 8;
    const kept = keeps ? { asked: asked.map(copyOf), answer: answer.map(copyOf) } : null;
    const bytes = keeps ? size : 0;
    this.#answers.push({ at: clock.now(), holders, kept, bytes });
    this.#bytes += bytes;
    if (this.#answers.length > MOST) this.#bytes -= this.#answers.shift()?.bytes ?? 0;
    for (let at = 0; this.#bytes > MOST_BYTES && at < this.#answers.length; at++) {
      const old = this.#answers[at];
      if (!old) break;
      this.#bytes -= old.bytes;
      this.#answers[at] = { ...old, kept: null, bytes: 0 };
    }
  }

  aside(setAside: readonly SetAside[]): void {
    for (const each of setAside) {
      const { peer, evidence } = each;
      const key = `${peer}/${evidence.epoch}/${evidence.origin}/${evidence.request}`;
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      // This device's own mistakes are in its answers too.
      const since = this.#options.clock.now() - evidence.uncheckedMs;
      const doubtful = this.#answers.filter(({ at, holders }) => at >= since && holders.has(peer));
      if (doubtful.length === 0) continue;
      const { clock, emit } = this.#options;
      import('./ask-again.ts')
        .then(({ askAgain }) => askAgain(each, doubtful, this.#options))
        .catch((error: unknown) =>
          emit({ type: 'NoticeRaised', tone: 'warn', message: `${error}`, at: clock.now() }),
        );
    }
  }
}

function copyOf(tensor: Tensor): Tensor {
  return { ...tensor, data: tensor.data.slice() };
}
