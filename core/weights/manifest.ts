import { isSha256, type Sha256 } from '../ids.ts';
import type { OriginCard } from '../protocol/origin-card.ts';
import type { PieceStore } from './piece-store.ts';

/** A piece at an origin: which file of the card, where, how long. */
export interface PlaceAtOrigin {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

/** What is known of the hashes of one version of a model at its origin. */
export interface Manifest {
  hashOf(place: PlaceAtOrigin): Sha256 | null;
}

/** What this device learned of an origin's pieces, on this visit or earlier ones. */
export async function recallManifest(store: PieceStore, card: OriginCard): Promise<Manifest> {
  const known = readHashes(await store.recall(keyOf(card)));
  return { hashOf: (place) => known.get(placeKey(place)) ?? null };
}

/** Adds to what this device knows. Another page may write at the same time: what is lost is learned again. */
export async function rememberManifest(
  store: PieceStore,
  card: OriginCard,
  pieces: Iterable<readonly [PlaceAtOrigin, Sha256]>,
): Promise<void> {
  const known = readHashes(await store.recall(keyOf(card)));
  const before = known.size;
  for (const [place, hash] of pieces) known.set(placeKey(place), hash);
  if (known.size > before) await store.remember(keyOf(card), Object.fromEntries(known));
}

function keyOf({ url, files }: OriginCard): string {
  const versions = files.map(({ name, bytes, validator }) => [name, bytes, validator]);
  return `manifest:${JSON.stringify([url, versions])}`;
}

function placeKey({ file, offset, length }: PlaceAtOrigin): string {
  return `${file}:${offset}+${length}`;
}

/** The store is foreign too: other versions of this page wrote there. */
function readHashes(document: unknown): Map<string, Sha256> {
  const known = new Map<string, Sha256>();
  if (typeof document !== 'object' || document === null) return known;
  for (const [key, hash] of Object.entries(document)) {
    if (typeof hash === 'string' && isSha256(hash)) known.set(key, hash);
  }
  return known;
}
