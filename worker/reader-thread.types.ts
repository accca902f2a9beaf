/** What a reader thread is told: to pour `blob` into `heap` at `offset`, and then to settle `outcome`. */
export interface ReadOrder {
  readonly blob: Blob;
  readonly heap: SharedArrayBuffer;
  readonly offset: number;
  /** One Int32: {@link UNDER_WAY} until the order is settled; whoever waits for it is notified. */
  readonly outcome: SharedArrayBuffer;
}

export const UNDER_WAY = 0;
export const POURED = 1;
export const BROKEN = 2;
