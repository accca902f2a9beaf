import type { OriginCard, OriginFile } from '../protocol/origin-card.ts';

export type { OriginCard, OriginFile };

/** Fetches byte ranges of a model's files from where they were published. */
export interface Origin {
  /**
   * The bytes [offset, offset + length) of a file, in order, in chunks of any size; ends after exactly `length`.
   * Aborting the signal, or leaving the loop, ends the request.
   * @throws FetchError when the server cannot be reached, does not answer 206, falls silent for longer than the
   * implementation waits, or breaks off; its data has `retry: true` where trying again may help.
   */
  read(
    file: string,
    offset: number,
    length: number,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Opens the origin that a card tells of. */
export type OriginFactory = (card: OriginCard) => Origin;
