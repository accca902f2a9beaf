import { messageOf } from '../../errors.ts';
import type { PeerId } from '../../ids.ts';
import type { Network } from '../../mesh/network.ts';
import { type AuditFrame, encodeAuditFrame } from '../../protocol/audit-frame.ts';
import type { Activation } from '../../protocol/frame.types.ts';
import type { AuditTerms, ControlMessage, LoadStage } from '../../protocol/messages.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Recomputer, type RecomputerOptions } from './recomputer.ts';
import { Witness } from './witness.ts';

type Recompute = Extract<ControlMessage, { type: 'recompute' }>;

/** The terms and the input of a task come by two ways, and one may wait for the other. More are not asked at a time. */
const TASKS_WAITING = 8;

export interface OwnAuditsOptions extends RecomputerOptions {
  readonly network: Network;
  readonly leader: () => PeerId | undefined;
  /** To the leader in this very page. */
  readonly give: (copy: AuditFrame) => void;
}

/** A device's part in audits: copies of what its neighbours were sent and made, and stages run again for the leader. */
export class OwnAudits {
  readonly witness: Witness;
  readonly #options: OwnAuditsOptions;
  readonly #recomputer: Recomputer;
  readonly #tasks = new Map<number, { terms?: Recompute; input?: Activation }>();

  constructor(options: OwnAuditsOptions) {
    this.#options = options;
    this.#recomputer = new Recomputer(options);
    const { network, leader, give } = options;
    this.witness = new Witness(async (copy) => {
      const to = leader();
      if (to === network.me) give(copy);
      else if (to !== undefined) await network.send(to, 'shard', encodeAuditFrame(copy));
    });
  }

  told(terms: AuditTerms): void {
    this.witness.told(terms);
  }

  /** The leader's terms for a task. */
  asked(terms: Recompute): void {
    this.#tasks.set(terms.ticket, { ...this.#tasks.get(terms.ticket), terms });
    this.#begin(terms.ticket);
  }

  /** The input for a task. */
  fed({ ticket, activation }: AuditFrame): void {
    this.#tasks.set(ticket, { ...this.#tasks.get(ticket), input: activation });
    this.#begin(ticket);
  }

  /** Takes the activation's tensors over. @throws as {@link Recomputer.run} */
  recompute(terms: LoadStage, prepack: boolean | null, input: Activation): Promise<readonly Tensor[]> {
    return this.#recomputer.run(terms, prepack, input);
  }

  /** A stage of a plan is about to load here. */
  makeRoom(): void {
    this.#recomputer.makeRoom();
  }

  close(): void {
    this.#tasks.clear();
    this.#recomputer.close();
  }

  #begin(ticket: number): void {
    const task = this.#tasks.get(ticket);
    if (task?.terms && task.input) {
      this.#tasks.delete(ticket);
      void this.#answer(task.terms, task.input);
    } else if (this.#tasks.size > TASKS_WAITING) {
      const [oldest] = this.#tasks.keys();
      if (oldest !== undefined) this.#tasks.delete(oldest);
    }
  }

  async #answer({ ticket, prepack, terms }: Recompute, input: Activation): Promise<void> {
    const { network, leader } = this.#options;
    const to = leader();
    if (to === undefined) return;
    try {
      const tensors = await this.recompute(terms, prepack, input);
      const made: AuditFrame = {
        kind: 'made',
        ticket,
        holder: network.me,
        activation: { ...input, tensors },
      };
      await network.send(to, 'shard', encodeAuditFrame(made));
    } catch (error) {
      network.sendControl(to, { type: 'recompute-refused', ticket, reason: messageOf(error) });
    }
  }
}
