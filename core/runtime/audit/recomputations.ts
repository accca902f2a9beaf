import type { PeerId } from '../../ids.ts';
import type { Clock } from '../../mesh/clock.ts';
import type { Network } from '../../mesh/network.ts';
import { type AuditFrame, encodeAuditFrame } from '../../protocol/audit-frame.ts';
import type { Activation } from '../../protocol/frame.types.ts';
import type { LoadStage } from '../../protocol/messages.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { AuditsLater } from './audits-later.ts';

/** Weights of a stage may have to come first, as when a plan loads. */
const PATIENCE_MS = 120_000;

interface Asked {
  readonly peer: PeerId;
  readonly settle: (tensors: readonly Tensor[] | null) => void;
}

/** Has devices run a stage again, this one too. */
export class Recomputations {
  readonly #network: Pick<Network, 'me' | 'send' | 'sendControl'>;
  readonly #clock: Clock;
  readonly #own: Pick<AuditsLater, 'recompute'>;
  readonly #asked = new Map<number, Asked>();
  #next = 1;

  constructor(
    network: Pick<Network, 'me' | 'send' | 'sendControl'>,
    clock: Clock,
    own: Pick<AuditsLater, 'recompute'>,
  ) {
    this.#network = network;
    this.#clock = clock;
    this.#own = own;
  }

  /** What the device makes of the input, which stays the caller's; null when it does not answer, or cannot. */
  async ask(
    peer: PeerId,
    terms: LoadStage,
    prepack: boolean | null,
    input: Activation,
  ): Promise<readonly Tensor[] | null> {
    if (peer === this.#network.me) {
      const tensors = input.tensors.map((each) => ({ ...each, data: each.data.slice() }));
      return this.#own.recompute(terms, prepack, { ...input, tensors }).catch(() => null);
    }
    const ticket = this.#next++;
    return new Promise((resolve) => {
      const timer = this.#clock.setTimeout(() => settle(null), PATIENCE_MS);
      const settle = (tensors: readonly Tensor[] | null): void => {
        this.#clock.clearTimeout(timer);
        this.#asked.delete(ticket);
        resolve(tensors);
      };
      this.#asked.set(ticket, { peer, settle });
      this.#network.sendControl(peer, { type: 'recompute', ticket, prepack, terms });
      const task = { kind: 'task', ticket, holder: peer, activation: input } as const;
      this.#network.send(peer, 'shard', encodeAuditFrame(task)).catch(() => settle(null));
    });
  }

  made(peer: PeerId, { ticket, activation }: AuditFrame): void {
    const asked = this.#asked.get(ticket);
    if (asked?.peer === peer) asked.settle(activation.tensors);
  }

  refused(peer: PeerId, ticket: number): void {
    const asked = this.#asked.get(ticket);
    if (asked?.peer === peer) asked.settle(null);
  }

  peerDown(peer: PeerId): void {
    for (const asked of [...this.#asked.values()]) if (asked.peer === peer) asked.settle(null);
  }

  close(): void {
    for (const asked of [...this.#asked.values()]) asked.settle(null);
  }
}
