import { isAuditable, isChosen, secretOf, stageBefore } from '../../audit/chosen.ts';
import type { PeerId } from '../../ids.ts';
import type { AuditFrame } from '../../protocol/audit-frame.ts';
import { type Activation, RESULT_STAGE } from '../../protocol/frame.types.ts';
import type { AuditTerms } from '../../protocol/messages.ts';

/** What a link takes beside pieces of weights, the header off; the largest activation seen is 1.2 MB. */
const LARGEST_BYTES = 15 * 1024 * 1024;
/** Copies on their way at a time; a slow link then misses some audits and nothing else. */
const AT_ONCE = 4;

/**
 * What a device knows of its neighbours' work: the input that it sent to one, the output that it got from one. Of runs
 * that the leader's secrets choose, the leader gets a copy. The neighbour does not know of which.
 */
export class Witness {
  readonly #give: (copy: AuditFrame) => Promise<void>;
  #terms: AuditTerms | undefined;
  #under = 0;

  /** `give` hands a copy to the leader; resolves when the link took it. */
  constructor(give: (copy: AuditFrame) => Promise<void>) {
    this.#give = give;
  }

  told(terms: AuditTerms): void {
    this.#terms = terms;
  }

  /** This device is about to send an activation into a stage. Its tensors are copied where it is chosen. */
  sends(to: PeerId, activation: Activation): void {
    if (activation.stage !== RESULT_STAGE) this.#see('entered', to, activation, activation.stage);
  }

  /** An activation has come out of a stage of `from`. */
  comes(from: PeerId, activation: Activation): void {
    if (this.#terms && activation.stage > 0)
      this.#see('left', from, activation, stageBefore(activation, this.#terms.stages));
  }

  #see(kind: 'entered' | 'left', holder: PeerId, activation: Activation, stage: number): void {
    const { epoch, origin, request } = activation;
    if (this.#terms?.epoch !== epoch || !isAuditable(activation)) return;
    const secret = secretOf(this.#terms, holder, { origin, stage });
    if (secret === undefined || !isChosen(secret, { epoch, origin, request, stage }, this.#terms.rate))
      return;
    const bytes = activation.tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
    if (bytes === 0 || bytes > LARGEST_BYTES || this.#under >= AT_ONCE) return;
    const tensors = activation.tensors.map((each) => ({ ...each, data: each.data.slice() }));
    this.#under++;
    const given = this.#give({ kind, ticket: 0, holder, activation: { ...activation, tensors } });
    // A copy that does not come through is an audit less.
    given.catch(() => undefined).finally(() => this.#under--);
  }
}
