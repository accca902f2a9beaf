import { numberTraits } from '../../audit/number-traits.ts';
import type { PeerId } from '../../ids.ts';
import type { LoadStage } from '../../protocol/messages.ts';
import type { AuditEvidence, PlanView, SetAside } from '../../session/state.ts';
import type { LeaderParts } from '../leader-parts.ts';
import type { OpenModel } from '../open-model.ts';
import type { AuditDeskOptions } from './audit-desk.ts';
import { DeskLater } from './desk-later.ts';

/** The room's audits, and what the leader does about devices whose results were wrong. */
export class RoomAudits {
  readonly desk: DeskLater;
  readonly #parts: LeaderParts;
  readonly #model: () => OpenModel | undefined;

  /** `random32`: whole numbers below 2^32 that nobody can guess; without them nothing is audited. */
  constructor(parts: LeaderParts, model: () => OpenModel | undefined, random32: (() => number) | undefined) {
    this.#parts = parts;
    this.#model = model;
    this.desk = new DeskLater(random32 && this.#deskOptions(random32));
  }

  /** A device that was set aside may take part again. */
  letIn(peer: PeerId): void {
    this.keepAside(this.#aside.filter((each) => each.peer !== peer));
  }

  /** What is open enters again under the next plan. */
  keepAside(setAside: readonly SetAside[]): void {
    const { member, announcer, replanner } = this.#parts;
    announcer.note({ setAside });
    replanner.setAside(new Set(setAside.map(({ peer }) => peer)));
    announcer.publish();
    member.setAside(setAside);
  }

  get #aside(): readonly SetAside[] {
    return this.#parts.announcer.announced.setAside;
  }

  #isAside(peer: PeerId): boolean {
    return this.#aside.some((each) => each.peer === peer);
  }

  #deskOptions(random32: () => number): AuditDeskOptions {
    const { network, clock, member, emit, announcer } = this.#parts;
    return {
      network,
      clock,
      random32,
      own: member.audits,
      cards: () => member.cards,
      here: () => member.followers,
      isAside: (peer) => this.#isAside(peer),
      terms: (plan, stage, peer) => this.#termsOf(plan, stage, peer),
      traits: () => numberTraits(this.#open().graph),
      found: (peer, evidence) => this.#foundWrong(peer, evidence),
      undecided: (a, b) => {
        const name = (peer: PeerId): string => member.cards.get(peer)?.name ?? 'A device';
        announcer.warn(
          `${name(a)} and ${name(b)} compute different results, and no third device has memory to say whose are wrong.`,
        );
      },
      counted: (audits) => emit({ type: 'AuditsCounted', audits }),
    };
  }

  #open(): OpenModel {
    const model = this.#model();
    if (model) return model;
    throw new RangeError('there is no model');
  }

  #termsOf(plan: PlanView, stage: number, peer: PeerId): Promise<LoadStage> {
    const { desk, courier, replanner } = this.#parts;
    const model = this.#open();
    const { calibration } = replanner;
    if (!calibration) throw new RangeError('the model has not been measured');
    const { key, ledger } = desk;
    const samples = calibration.boundarySamples;
    return courier.termsFor({ plan, model, key, ledger, samples, alongside: false }, stage, peer);
  }

  #foundWrong(peer: PeerId, evidence: AuditEvidence): void {
    if (this.#isAside(peer)) return;
    const { announcer, replanner } = this.#parts;
    const name = replanner.cards.get(peer)?.name ?? 'A device';
    announcer.warn(
      `${name} gave wrong results and was set aside. What is open is asked again; its card shows what was found.`,
    );
    this.keepAside([...this.#aside, { peer, name, evidence }]);
  }
}
