/** A directed graph of items, each with a price for cutting it. */
export interface Network {
  /** Price of item i; Infinity where it must not be cut. */
  readonly prices: readonly number[];
  /** Items that item i feeds. */
  readonly feeds: readonly (readonly number[])[];
  readonly sources: readonly number[];
  readonly sinks: readonly number[];
}

/**
 * The cheapest items whose removal parts all sinks from all sources, those nearest the sinks among equals: a
 * minimum vertex cut by augmenting paths (Ford and Fulkerson, 1956; shortest first, Edmonds and Karp, 1972).
 * Some item of finite price must lie on each path. Null when it would take more than `maxSteps` looks at an arc.
 */
export function minimumCut(
  { prices, feeds, sources, sinks }: Network,
  maxSteps: number = Number.POSITIVE_INFINITY,
): { readonly items: number[]; readonly steps: number } | null {
  // Item i is two vertices, 2i (in) and 2i + 1 (out); its price is the capacity between them.
  const arcs = new Residual(prices.length * 2 + 2);
  const source = prices.length * 2;
  const sink = source + 1;
  for (const [item, price] of prices.entries()) {
    arcs.add(2 * item, 2 * item + 1, price);
    for (const next of feeds[item] ?? []) arcs.add(2 * item + 1, 2 * next, Number.POSITIVE_INFINITY);
  }
  for (const item of sources) arcs.add(source, 2 * item, Number.POSITIVE_INFINITY);
  for (const item of sinks) arcs.add(2 * item + 1, sink, Number.POSITIVE_INFINITY);
  while (arcs.augment(source, sink)) {
    // Each pass saturates a shortest path.
    if (arcs.steps > maxSteps) return null;
  }
  const behind = arcs.reaching(sink);
  const items = [...prices.keys()].filter((item) => behind.has(2 * item + 1) && !behind.has(2 * item));
  return { items, steps: arcs.steps };
}

interface Arc {
  readonly to: number;
  left: number;
  readonly back: number;
}

class Residual {
  readonly #arcs: Arc[][];
  /** Arcs looked at so far. */
  steps = 0;

  constructor(vertices: number) {
    this.#arcs = Array.from({ length: vertices }, () => []);
  }

  add(from: number, to: number, capacity: number): void {
    const forth = this.#from(from);
    const back = this.#from(to);
    forth.push({ to, left: capacity, back: back.length });
    back.push({ to: from, left: 0, back: forth.length - 1 });
  }

  /** Pushes flow along one shortest path; false when there is none. */
  augment(source: number, sink: number): boolean {
    const cameBy = new Map<number, { from: number; arc: Arc }>();
    const queue = [source];
    for (const vertex of queue) {
      if (vertex === sink) break;
      this.steps += this.#from(vertex).length;
      for (const arc of this.#from(vertex)) {
        if (arc.left <= 0 || arc.to === source || cameBy.has(arc.to)) continue;
        cameBy.set(arc.to, { from: vertex, arc });
        queue.push(arc.to);
      }
    }
    const path: Arc[] = [];
    for (let step = cameBy.get(sink); step; step = cameBy.get(step.from)) path.push(step.arc);
    const amount = Math.min(...path.map((arc) => arc.left));
    if (path.length === 0) return false;
    if (amount === Number.POSITIVE_INFINITY) throw new RangeError('a path without any item that may be cut');
    for (const arc of path) {
      arc.left -= amount;
      const back = this.#from(arc.to)[arc.back];
      if (back) back.left += amount;
    }
    return true;
  }

  /** Vertices from which `goal` can still be reached. */
  reaching(goal: number): ReadonlySet<number> {
    const found = new Set([goal]);
    for (const vertex of found) {
      for (const arc of this.#from(vertex)) {
        const opposite = this.#from(arc.to)[arc.back];
        if (opposite && opposite.left > 0) found.add(arc.to);
      }
    }
    return found;
  }

  #from(vertex: number): Arc[] {
    return this.#arcs[vertex] ?? [];
  }
}
