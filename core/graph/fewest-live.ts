import type { OrderTask } from './work-order.ts';

/** A node that could run now: what it would add to the bytes alive, and since when it could. */
interface Ready {
  readonly node: number;
  readonly grows: number;
  readonly since: number;
}

/**
 * Always the node that leaves the fewest bytes alive; among equals the one that became possible last, so that a
 * branch is walked to its end before the next is begun. What makes large tensors waits until they are needed.
 * O((nodes + edges) log nodes).
 */
export function fewestLive(task: OrderTask): number[] {
  const waitsFor = new Map<number, number>();
  const readers = new Map<string, number[]>();
  const left = new Map<string, number>();
  for (const node of task.nodes) {
    const reads = task.readsOf(node);
    waitsFor.set(node, reads.filter((name) => task.makerOf(name) !== undefined).length);
    for (const name of reads) {
      left.set(name, (left.get(name) ?? 0) + 1);
      const known = readers.get(name);
      if (known) known.push(node);
      else readers.set(name, [node]);
    }
  }
  for (const name of task.outputs) left.set(name, Number.POSITIVE_INFINITY);
  const sum = (names: readonly string[]): number =>
    names.reduce((total, name) => total + task.bytesOf(name), 0);
  const growth = (node: number): number =>
    sum(task.makesOf(node)) - sum(task.readsOf(node).filter((name) => left.get(name) === 1));
  const since = new Map<number, number>();
  const done = new Set<number>();
  const ready = new Heap();
  const offer = (node: number): void => {
    ready.push({ node, grows: growth(node), since: since.get(node) ?? 0 });
  };
  for (const node of task.nodes) if (waitsFor.get(node) === 0) offer(node);
  const order: number[] = [];
  for (let next = ready.pop(); next; next = ready.pop()) {
    const { node } = next;
    // A node is offered again when it would free more; the older offer counts no longer.
    if (done.has(node)) continue;
    done.add(node);
    order.push(node);
    for (const name of task.makesOf(node)) {
      for (const reader of readers.get(name) ?? []) {
        const waits = (waitsFor.get(reader) ?? 0) - 1;
        waitsFor.set(reader, waits);
        if (waits > 0) continue;
        since.set(reader, order.length);
        offer(reader);
      }
    }
    for (const name of task.readsOf(node)) {
      const remaining = (left.get(name) ?? 0) - 1;
      left.set(name, remaining);
      if (remaining !== 1) continue;
      const last = readers.get(name)?.find((reader) => !done.has(reader));
      if (last !== undefined && waitsFor.get(last) === 0) offer(last);
    }
  }
  return order;
}

function before(a: Ready, b: Ready): boolean {
  if (a.grows !== b.grows) return a.grows < b.grows;
  if (a.since !== b.since) return a.since > b.since;
  return a.node < b.node;
}

/** A binary heap, the best on top. */
class Heap {
  readonly #items: Ready[] = [];

  push(item: Ready): void {
    let at = this.#items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#items[parent];
      if (!above || !before(item, above)) break;
      this.#items[at] = above;
      at = parent;
    }
    this.#items[at] = item;
  }

  pop(): Ready | undefined {
    const [top] = this.#items;
    const item = this.#items.pop();
    if (!item || this.#items.length === 0) return top;
    let at = 0;
    for (;;) {
      const left = this.#items[2 * at + 1];
      const right = this.#items[2 * at + 2];
      const child = right && left && before(right, left) ? right : left;
      if (!child || !before(child, item)) break;
      this.#items[at] = child;
      at = child === right ? 2 * at + 2 : 2 * at + 1;
    }
    this.#items[at] = item;
    return top;
  }
}
