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
