import type { ByteRange, ByteSource } from '../graph/byte-source.ts';
import type { Sha256 } from '../ids.ts';
import type { OriginCard } from '../protocol/origin-card.ts';

/** A model's files, wherever they are: on this device, or at an address that answers ranges. */
export interface ModelSource {
  readonly name: string;
  /** The model file. Reading its graph costs little; its weights are not read through this. */
  readonly main: ByteSource;
  /** External data by its location; rejects with ModelFormatError or FetchError when a file is missing. */
  external(location: string): Promise<ByteSource>;
  /** The files themselves, by location, where they are on this device; null where they are at the origin only. */
  readonly blobOf: ((location: string) => Blob) | null;
  /** Where every device can fetch from; null where this device alone has the files. Complete once the graph is read. */
  origin(): OriginCard | null;
  /** Weights that came with the graph, because they lie between its parts; null where they did not. Until `graphRead`. */
  atHand(range: ByteRange): Promise<Uint8Array<ArrayBuffer> | null>;
  /** What the publisher of the model says that a piece hashes to; null where nobody does. */
  hashOf(piece: ByteRange): Sha256 | null;
  /** A small file of this name beside the model, such as its tokeniser; null where there is none. */
  beside(name: string): Promise<Blob | null>;
  /** Nothing more of the graph will be read: what was read may be kept for the next visit. */
  graphRead(): Promise<void>;
}
