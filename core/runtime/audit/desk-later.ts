import type { PeerId } from '../../ids.ts';
import type { AuditFrame } from '../../protocol/audit-frame.ts';
import { AUDIT_RATE, type PlanRules, type PlanView } from '../../session/state.ts';
import type { AuditDesk, AuditDeskOptions } from './audit-desk.ts';

/** The leader's {@link AuditDesk}, whose code comes with the first plan of a room of several. */
export class DeskLater {
  readonly #options: AuditDeskOptions | undefined;
  #desk: AuditDesk | undefined;
  #coming = false;
  #rate: number = AUDIT_RATE;
  #plan: PlanView | null = null;
  #closed = false;

  /** Without options nothing is audited. */
  constructor(options: AuditDeskOptions | undefined) {
    this.#options = options;
  }

  setRules({ auditRate = AUDIT_RATE }: PlanRules): void {
    this.#rate = auditRate;
    this.#desk?.setRate(auditRate);
  }

  follow(plan: PlanView | null): void {
    this.#plan = plan;
    if (this.#desk) this.#desk.follow(plan);
    else if (plan?.status === 'running' && this.#options?.here().length) void this.#load(this.#options);
  }

  peerUp(peer: PeerId): void {
    if (this.#desk) this.#desk.peerUp(peer);
    else this.follow(this.#plan);
  }

  peerDown(peer: PeerId): void {
    this.#desk?.peerDown(peer);
  }

  frame(peer: PeerId, frame: AuditFrame): void {
    this.#desk?.frame(peer, frame);
  }

  refused(peer: PeerId, ticket: number): void {
    this.#desk?.refused(peer, ticket);
  }

  close(): void {
    this.#closed = true;
    this.#desk?.close();
  }

  async #load(options: AuditDeskOptions): Promise<void> {
    if (this.#coming) return;
    this.#coming = true;
    // Where it does not come, the next plan is another occasion.
    const loaded = await import('./audit-desk.ts').catch(() => undefined);
    this.#coming = false;
    if (!loaded || this.#closed) return;
    this.#desk = new loaded.AuditDesk(options, this.#rate);
    this.#desk.follow(this.#plan);
  }
}
