import type { GraphNode } from './graph-node.ts';
import { keptSpans } from './kept-states.ts';
import type { ModelGraph } from './model-graph.ts';
import { workOrder } from './work-order.ts';

/**
 * What each live node is to the cutter.
 * `constant`: computed from weights alone, so whoever needs its value computes it, once, while loading.
 * `side`: cheap arithmetic on shapes, ids and masks, so whoever needs its value may compute it again.
 * `work`: everything else; each work node is in exactly one stage.
 */
export type Role = 'constant' | 'side' | 'work';

export interface Anatomy {
  /** By node index; nodes that no output of the model depends on are left out. */
  readonly roles: ReadonlyMap<number, Role>;
  /** Node indices of the work, in the order of {@link workOrder}, which need not be the file's. Position k of a cut lies after the first k of them. */
  readonly work: readonly number[];
  /** For each value that depends on a request: the first position at which it can be known. 0: from the inputs alone. */
  readonly levels: ReadonlyMap<string, number>;
}

/** A weight that a repeated side node brings along must be as small as the values it stands in for. */
const SMALL_WEIGHT_BYTES = 4096;

const CHEAP: ReadonlySet<string> = new Set(
  (
    'Add Sub Mul Div Mod Neg Abs Pow Sqrt Reciprocal Exp Log Cos Sin Ceil Floor Round Sign Min Max Sum Clip ' +
    'Equal Less Greater LessOrEqual GreaterOrEqual Not And Or Xor BitShift Where Cast CastLike Identity IsNaN ' +
    'Gather GatherElements GatherND Unsqueeze Squeeze Concat Slice Split Reshape Flatten Transpose Expand Tile ' +
    'Range ConstantOfShape Trilu CumSum ReduceSum ReduceMax ReduceMin ReduceProd OneHot ScatterElements ' +
    'ScatterND NonZero EyeLike Pad ArgMax ArgMin'
  ).split(' '),
);

/** Bernoulli and its like must run once per request: two stages would draw different numbers. */
const RANDOM = /^(Random(Normal|Uniform)(Like)?|Multinomial|Bernoulli)$/;

const BOOL = 9;
/** TensorProto.DataTypes of integers: uint8, int8, uint16, int16, int32, int64, uint32, uint64. */
const INTEGERS: ReadonlySet<number> = new Set([2, 3, 4, 5, 6, 7, 12, 13]);

/** Sorts the nodes of a model by what a cut means to them. */
export function anatomyOf(graph: ModelGraph): Anatomy {
  const sorted = rolesOf(graph, true);
  // A graph of cheap arithmetic only: that is its work.
  const roles = [...sorted.values()].includes('work') ? sorted : rolesOf(graph, false);
  const inFileOrder = placed(graph, roles, roles.keys());
  return placed(graph, roles, workOrder(graph, roles, keptSpans(graph, inFileOrder)));
}

function rolesOf(graph: ModelGraph, allowSide: boolean): ReadonlyMap<number, Role> {
  const live = liveNodes(graph);
  const roles = new Map<number, Role>();
  const requested = new Set(fedNames(graph));
  const sideValues = new Set(
    graph.inputs.map(({ name }) => name).filter((name) => isCount(graph.types.get(name)?.code ?? 0)),
  );
  const smallConstant = (name: string): boolean =>
    !requested.has(name) && (graph.initializers.get(name)?.bytes ?? 0) <= SMALL_WEIGHT_BYTES;
  const isSide = (node: GraphNode): boolean => {
    if (!allowSide || node.domain !== '' || node.bodyOutputs.size > 0) return false;
    if (node.opType === 'Shape' || node.opType === 'Size') return true;
    return CHEAP.has(node.opType) && node.reads.every((name) => sideValues.has(name) || smallConstant(name));
  };
  for (const [index, node] of graph.nodes.entries()) {
    if (!live.has(index)) continue;
    const once = node.bodyOutputs.size > 0 || RANDOM.test(node.opType);
    if (!once && !node.reads.some((name) => requested.has(name))) {
      roles.set(index, 'constant');
      continue;
    }
    const side = isSide(node);
    roles.set(index, side ? 'side' : 'work');
    for (const name of node.outputs) {
      requested.add(name);
      if (side) sideValues.add(name);
    }
  }
  return roles;
}

/** Puts the work in order and finds from where on each value is known. */
function placed(graph: ModelGraph, roles: ReadonlyMap<number, Role>, order: Iterable<number>): Anatomy {
  const work: number[] = [];
  const levels = new Map(fedNames(graph).map((name) => [name, 0]));
  for (const index of order) {
    const node = graph.nodes[index];
    const role = roles.get(index);
    if (!node || role === 'constant') continue;
    const side = role === 'side';
    if (!side) work.push(index);
    const level = side
      ? node.reads.reduce((latest, name) => Math.max(latest, levels.get(name) ?? 0), 0)
      : work.length;
    for (const name of node.outputs) levels.set(name, level);
  }
  levels.delete('');
  return { roles, work, levels };
}

function fedNames({ inputs, unsendable }: ModelGraph): string[] {
  return [...inputs, ...unsendable.filter(({ side }) => side === 'input')].map(({ name }) => name);
}

/** Ids, sizes, masks. */
function isCount(code: number): boolean {
  return INTEGERS.has(code) || code === BOOL;
}

function liveNodes({ nodes, producers, outputs, unsendable }: ModelGraph): ReadonlySet<number> {
  const live = new Set<number>();
  const wanted = [...outputs, ...unsendable].map(({ name }) => name);
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    const index = producers.get(name);
    if (index === undefined || live.has(index)) continue;
    live.add(index);
    for (const read of nodes[index]?.reads ?? []) wanted.push(read);
  }
  return live;
}
