import type { StoredModel } from './piece-store.ts';

/** How long the JSON of a remembered document may be. */
export const MAX_DOCUMENT_CHARACTERS: number = 4 * 1024 * 1024;

/** Adds up the pieces of each label, most recently used first. */
export function summarise(
  pieces: Iterable<{ readonly label: string; readonly bytes: number; readonly usedAt: number }>,
): readonly StoredModel[] {
  const models = new Map<string, StoredModel>();
  for (const { label, bytes, usedAt } of pieces) {
    const model = models.get(label) ?? { label, bytes: 0, pieces: 0, usedAt };
    models.set(label, {
      label,
      bytes: model.bytes + bytes,
      pieces: model.pieces + 1,
      usedAt: Math.max(model.usedAt, usedAt),
    });
  }
  return [...models.values()].sort((a, b) => b.usedAt - a.usedAt);
}
