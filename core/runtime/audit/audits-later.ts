import type { PeerId } from '../../ids.ts';
import type { AuditFrame } from '../../protocol/audit-frame.ts';
import type { Activation } from '../../protocol/frame.types.ts';
import type { AuditTerms, ControlMessage, LoadStage } from '../../protocol/messages.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { OwnAudits, OwnAuditsOptions } from './own-audits.ts';

/** A device's {@link OwnAudits}, whose code comes with the first plan that is audited. */
export class AuditsLater {
  readonly #options: OwnAuditsOptions;
  #audits: OwnAudits | undefined;
  #coming: Promise<OwnAudits> | undefined;
  #closed = false;

  constructor(options: OwnAuditsOptions) {
    this.#options = options;
  }

  told(terms: AuditTerms): void {
    this.#soon((audits) => audits.told(terms));
  }

  sends(to: PeerId, activation: Activation): void {
    this.#audits?.witness.sends(to, activation);
  }

  comes(from: PeerId, activation: Activation): void {
    this.#audits?.witness.comes(from, activation);
  }

  asked(terms: Extract<ControlMessage, { type: 'recompute' }>): void {
    this.#soon((audits) => audits.asked(terms));
  }

  fed(task: AuditFrame): void {
    this.#soon((audits) => audits.fed(task));
  }

  async recompute(terms: LoadStage, prepack: boolean | null, input: Activation): Promise<readonly Tensor[]> {
    return (await this.#load()).recompute(terms, prepack, input);
  }

  makeRoom(): void {
    this.#audits?.makeRoom();
  }

  close(): void {
    this.#closed = true;
    this.#audits?.close();
  }

  /** In the order in which it is asked for. Where the code does not come, this device takes no part. */
  #soon(work: (audits: OwnAudits) => void): void {
    this.#load().then(work, () => undefined);
  }

  #load(): Promise<OwnAudits> {
    this.#coming ??= import('./own-audits.ts').then(({ OwnAudits }) => {
      if (this.#closed) throw new Error('this device left the room');
      this.#audits = new OwnAudits(this.#options);
      return this.#audits;
    });
    this.#coming.catch(() => {
      this.#coming = undefined;
    });
    return this.#coming;
  }
}
