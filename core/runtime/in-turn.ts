import type { PeerId } from '../ids.ts';

/** Twice as many as a room has; beyond that everybody begins anew. */
const REMEMBERED = 64;

/** Whose turn it is: devices one after the other, and what one device asked in the order in which it came. */
export class InTurn {
  /** When each was last served. */
  readonly #served = new Map<PeerId, number>();
  #count = 0;

  /** The same items, first those of whoever was served least lately. */
  order<T>(items: readonly T[], originOf: (item: T) => PeerId): readonly T[] {
    const at = (item: T): number => this.#served.get(originOf(item)) ?? 0;
    return [...items].sort((a, b) => at(a) - at(b));
  }

  served(origins: Iterable<PeerId>): void {
    if (this.#served.size >= REMEMBERED) this.#served.clear();
    this.#count += 1;
    for (const origin of origins) this.#served.set(origin, this.#count);
  }
}

/**
 * The last item of the device that has the most here, if that is more than `origin` would have with one more: it makes
 * room, so that nobody's many keep out anybody's first.
 */
export function greediest<T>(
  items: readonly T[],
  origin: PeerId,
  originOf: (item: T) => PeerId,
): T | undefined {
  const counts = new Map<PeerId, number>();
  for (const item of items) counts.set(originOf(item), (counts.get(originOf(item)) ?? 0) + 1);
  const [most = origin, count = 0] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
  if (count <= (counts.get(origin) ?? 0) + 1) return undefined;
  return items.findLast((item) => originOf(item) === most);
}
