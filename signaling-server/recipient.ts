import type { Visitor } from './visitor.ts';

/** Whoever may have to wait for a slow recipient. */
export interface Sender {
  /** The recipient takes more again. */
  goOn(recipient: Recipient): void;
}

/** Where signals and relay packets for a member go: its connection, or the process that has it. */
export abstract class Recipient implements Visitor {
  readonly #waiting = new Set<Sender>();

  abstract send(...message: Parameters<Visitor['send']>): void;
  abstract close(): void;
  /** Takes the packet over, the sender's name at its head. `taken`: it has left this process towards the page. */
  abstract relay(packet: Buffer, taken?: () => void): void;
  /** More than `limit` bytes wait here; each implementation may have a lower limit of its own. */
  abstract isSlow(limit: number): boolean;

  /** The sender waits until {@link release}. */
  keepWaiting(sender: Sender): void {
    this.#waiting.add(sender);
  }

  /** The sender is gone. */
  forget(sender: Sender): void {
    this.#waiting.delete(sender);
  }

  /** Those who wait for this one go on. */
  release(): void {
    for (const sender of this.#waiting) sender.goOn(this);
    this.#waiting.clear();
  }
}
