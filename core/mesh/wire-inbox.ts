import type { WireListener } from './wire.ts';

/** Keeps a wire's promises to its listener: early packets wait for it, `closed` comes once and last. */
export class WireInbox {
  #listener: WireListener | undefined;
  #early: Uint8Array<ArrayBuffer>[] = [];
  #closed: string | undefined;

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  listen(listener: WireListener): void {
    if (this.#listener) throw new Error('a wire has exactly one listener');
    this.#listener = listener;
    const early = this.#early;
    this.#early = [];
    for (const bytes of early) listener.packet(bytes);
    if (this.#closed !== undefined) listener.closed(this.#closed);
  }

  packet(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.isClosed) return;
    if (this.#listener) this.#listener.packet(bytes);
    else this.#early.push(bytes);
  }

  drained(): void {
    if (!this.isClosed) this.#listener?.drained();
  }

  /** True the first time. */
  close(reason: string): boolean {
    if (this.isClosed) return false;
    this.#closed = reason;
    this.#listener?.closed(reason);
    return true;
  }
}
