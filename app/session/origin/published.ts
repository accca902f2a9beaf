import type { ByteRange } from '../../../core/graph/byte-source.ts';
import type { Sha256 } from '../../../core/ids.ts';
import { parsePublished } from '../../../core/protocol/parse-published.ts';
import type { Progress } from '../../../core/session/state.ts';
import type { Shelf } from '../../../core/weights/shelf.ts';
import { fileAddress } from './address.ts';
import { recallWhole, wholeBlob } from './kept-whole.ts';
import { wholeProbe } from './probe.ts';
import { stillThere } from './still-there.ts';
import { wholeFile } from './whole-file.ts';

/** A model that was cut beforehand, as its manifest tells. */
export interface Published {
  /** Address of the whole model's graph. */
  readonly url: string;
  /** What the publisher says that a piece hashes to, or null. */
  hashOf(piece: ByteRange): Sha256 | null;
}

export interface PublishedOptions {
  readonly shelf: Shelf;
  readonly label: string;
  readonly progress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** Reads the manifest at an address, from an earlier visit where it has not changed. @throws FetchError */
export async function readPublished(url: string, options: PublishedOptions): Promise<Published> {
  const blob = (await kept(url, options)) ?? (await fetched(url, options));
  const { model, pieces } = parsePublished(await blob.text());
  const hashes = new Map(pieces.map((piece) => [keyOf(piece), piece.sha256]));
  return { url: fileAddress(url, model), hashOf: (piece) => hashes.get(keyOf(piece)) ?? null };
}

async function kept(url: string, { shelf, signal }: PublishedOptions): Promise<Blob | null> {
  const known = await recallWhole(shelf, url);
  if (!known || (await stillThere(url, { name: '', ...known }, signal)) === 'changed') return null;
  return wholeBlob(shelf, known);
}

async function fetched(url: string, { shelf, label, progress, signal }: PublishedOptions): Promise<Blob> {
  const answer = await wholeProbe(url, { step: 'read the manifest', signal });
  const keep = shelf.store.kind === 'disk' ? { shelf, label } : null;
  return wholeFile(answer, { url, step: 'Reading the manifest', progress, keep });
}

function keyOf({ file, offset, length }: ByteRange): string {
  return `${offset}+${length} ${file}`;
}
