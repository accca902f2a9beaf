/** What happens at the same time side by side: nothing in a lane overlaps. */
interface Lane<T> {
  readonly items: T[];
  endsAt: number;
}

/** Spreads intervals over as few lanes as there are of them at once, each into the first that is free. */
export function lanesOf<T extends { readonly start: number; readonly end: number }>(
  items: readonly T[],
): (readonly T[])[] {
  const lanes: Lane<T>[] = [];
  for (const item of items.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const free = lanes.find(({ endsAt }) => endsAt <= item.start);
    if (free) {
      free.items.push(item);
      free.endsAt = item.end;
    } else lanes.push({ items: [item], endsAt: item.end });
  }
  return lanes.map(({ items: lane }) => lane);
}
