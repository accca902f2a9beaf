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

/** Another page may write at the same moment, and one of the two is lost: it looks again, this often. */
const WRITES = 3;

/** Adds to what this device knows. */
export async function rememberManifest(
  store: PieceStore,
  card: OriginCard,
  pieces: readonly (readonly [PlaceAtOrigin, Sha256])[],
): Promise<void> {
  const key = keyOf(card);
  for (let write = 0; write < WRITES; write++) {
    const known = readHashes(await store.recall(key));
    const news = pieces.filter(([place, hash]) => known.get(placeKey(place)) !== hash);
    if (news.length === 0) return;
    for (const [place, hash] of news) known.set(placeKey(place), hash);
    await store.remember(key, Object.fromEntries(known));
  }
}

/** Forgets all of it: the origin was seen to have other bytes. */
export async function forgetManifest(store: PieceStore, card: OriginCard): Promise<void> {
  await store.remember(keyOf(card), {});
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
