import type { Role } from './anatomy.ts';
import { depthFirst } from './depth-first.ts';
import { fewestLive } from './fewest-live.ts';
import { fusedPairs } from './fused-pairs.ts';
import type { ModelGraph } from './model-graph.ts';
import type { StateSlot } from './state-slots.ts';
import { sizeEstimator } from './value-size.ts';

/** What the orders of a model are made from and judged by. */
export interface OrderTask {
  /** Node indices in file order, those of the roles `side` and `work`. */
  readonly nodes: readonly number[];
  readonly isWork: (node: number) => boolean;
  readonly readsOf: (node: number) => readonly string[];
  readonly makesOf: (node: number) => readonly string[];
  /** The node that makes a value; undefined for what is no node's of the task. */
  readonly makerOf: (value: string) => number | undefined;
  /** What a cut costs for sending the value; 0 for what is computed again or stays where it is. */
  readonly bytesOf: (value: string) => number;
  /** Nodes that no cut may part. */
  readonly pairs: readonly (readonly [producer: number, consumer: number])[];
  /** What the model is fed and returns. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** A new order must be this much better than the file's: the sizes are estimates, and authors know their models. */
const CLEARLY_LESS = 0.9;
/** A plan wants a cheap cut near wherever the work is even: in each of so many equal shares of it. */
const SHARES = 16;
/** What one more tensor costs in a frame. */
const PER_TENSOR_BYTES = 16;

/**
 * An order of the nodes that a request runs in which cuts are cheap: the file's own, unless putting off what is used
 * late is clearly better. States that are `kept` in file order cost nothing. O(n log n).
 */
export function workOrder(
  graph: ModelGraph,
  roles: ReadonlyMap<number, Role>,
  kept: readonly StateSlot[],
): readonly number[] {
  const task = taskOf(graph, roles, kept);
  let best: readonly number[] = task.nodes;
  let least = cutPrice(task, best) * CLEARLY_LESS;
  for (const order of [fewestLive(task), depthFirst(task)]) {
    const price = cutPrice(task, order);
    if (price >= least) continue;
    best = order;
    least = price;
  }
  return best;
}

/** The cheapest cuts that an order has, one in each share of the work, summed up. */
function cutPrice(task: OrderTask, order: readonly number[]): number {
  const prices = livePrices(task, order);
  const place = new Map(order.map((node, at) => [node, at]));
  for (const [producer, consumer] of task.pairs) {
    const end = place.get(consumer) ?? 0;
    for (let at = place.get(producer) ?? end; at < end; at++) prices[at] = Number.POSITIVE_INFINITY;
  }
  // What no cut can part costs as much as the dearest cut.
  const dearest = prices.reduce((most, price) => (Number.isFinite(price) ? Math.max(most, price) : most), 0);
  const cuts = prices.filter((_, at) => task.isWork(order[at] ?? -1)).slice(0, -1);
  const least = Array<number>(Math.min(SHARES, cuts.length)).fill(dearest);
  for (const [at, price] of cuts.entries()) {
    const share = Math.floor((at / cuts.length) * least.length);
    least[share] = Math.min(least[share] ?? price, price);
  }
  return least.reduce((sum, price) => sum + price, 0);
}

/** What is alive after each node: what a cut there would have to send. */
function livePrices({ inputs, outputs, ...task }: OrderTask, order: readonly number[]): number[] {
  const lastUse = new Map<string, number>();
  for (const [at, node] of order.entries()) for (const name of task.readsOf(node)) lastUse.set(name, at);
  for (const name of outputs) lastUse.set(name, order.length);
  const freedAt = new Map<number, number>();
  let live = 0;
  const begin = (name: string, at: number): void => {
    const bytes = task.bytesOf(name);
    const price = bytes === 0 ? 0 : bytes + PER_TENSOR_BYTES;
    const end = lastUse.get(name) ?? at;
    live += price;
    freedAt.set(end, (freedAt.get(end) ?? 0) + price);
  };
  for (const name of inputs) begin(name, -1);
  return order.map((node, at) => {
    for (const name of task.makesOf(node)) begin(name, at);
    live -= freedAt.get(at) ?? 0;
    return live;
  });
}

function taskOf(graph: ModelGraph, roles: ReadonlyMap<number, Role>, kept: readonly StateSlot[]): OrderTask {
  const sizeOf = sizeEstimator(graph);
  const stays = new Set(kept.flatMap(({ input, output }) => [input, output]));
  const moves = (index: number | undefined): boolean => {
    const role = index === undefined ? undefined : roles.get(index);
    return role === 'work' || role === 'side';
  };
  const inputs = new Set([...graph.inputs, ...graph.unsendable].map(({ name }) => name));
  const makerOf = (name: string): number | undefined => {
    const index = graph.producers.get(name);
    return moves(index) ? index : undefined;
  };
  const bytesOf = (name: string): number => {
    const maker = graph.producers.get(name);
    const travels = maker === undefined ? inputs.has(name) : roles.get(maker) === 'work';
    return travels && !stays.has(name) ? sizeOf(name) : 0;
  };
  return {
    nodes: [...graph.nodes.keys()].filter(moves),
    isWork: (node) => roles.get(node) === 'work',
    pairs: fusedPairs(graph, roles),
    readsOf: (node) => graph.nodes[node]?.reads ?? [],
    makesOf: (node) => graph.nodes[node]?.outputs.filter((name) => name !== '') ?? [],
    makerOf,
    bytesOf,
    inputs: graph.inputs.map(({ name }) => name),
    outputs: graph.outputs.map(({ name }) => name),
  };
}
