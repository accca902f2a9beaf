/** One file of a model at its origin. */
export interface OriginFile {
  /** '' is the model itself; others are external data, relative to it. */
  readonly name: string;
  readonly bytes: number;
  /** ETag or Last-Modified, where the server lets pages read it: tells one version of the file from another. */
  readonly validator: string | null;
}

/** Where the files of a model can be fetched by Range, as every device in the room is told. */
export interface OriginCard {
  /** Absolute http(s) address of the model file. */
  readonly url: string;
  /** The model itself first. */
  readonly files: readonly OriginFile[];
}

/** Fetches byte ranges of a model's files from where they were published. */
export interface Origin {
  /**
   * The bytes [offset, offset + length) of a file, in order, in chunks of any size; ends after exactly `length`.
   * Aborting the signal, or leaving the loop, ends the request.
   * @throws FetchError when the server cannot be reached, does not answer 206, or breaks off; its data has
   * `retry: true` where trying again may help.
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
