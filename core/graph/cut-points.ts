import { UncuttableError } from '../errors.ts';
import { type Anatomy, anatomyOf } from './anatomy.ts';
import { crossings, MAX_CROSSING } from './crossing.ts';
import { fusedPairs } from './fused-pairs.ts';
import type { GraphNode } from './graph-node.ts';
import type { StateSpan } from './kept-states.ts';
import type { ModelGraph } from './model-graph.ts';
import { ranksNeededBy } from './scan-shapes.ts';
import type { BoundaryTensor } from './shard.types.ts';
import { unsendableInWords } from './unsendable.ts';
import { boundaryTensor, UNKNOWN_TYPE } from './value-info.ts';

/** A possible boundary: after the first `position` work nodes of a model. */
export interface CutPoint {
  readonly position: number;
  /** What must be sent there; without the values that cannot be sent, where `refusal` names one. */
  readonly crossing: readonly BoundaryTensor[];
  readonly usable: boolean;
  /** Why it is not usable, in words; null where it is. */
  readonly refusal: string | null;
}

/** Operators that only rename or relabel: a stage of nothing else would not be worth its hop. */
const WEIGHTLESS: ReadonlySet<string> = new Set(
  'Identity Reshape Flatten Squeeze Unsqueeze Dropout Cast Transpose'.split(' '),
);

/** All places between two work nodes of a model, in order, usable or not. None parts one of the kept `states`. */
export function findCutPoints(
  graph: ModelGraph,
  anatomy: Anatomy = anatomyOf(graph),
  states: readonly StateSpan[] = [],
): CutPoint[] {
  const parted = fusedPositions(graph, anatomy);
  for (const { input, first, last } of states) {
    for (let position = first; position <= last; position++) {
      parted.set(position, `what reads the state "${input}" makes its next value`);
    }
  }
  const weighty = anatomy.work.map((index) => !WEIGHTLESS.has(graph.nodes[index]?.opType ?? ''));
  const ranks = ranksNeededBy(graph, anatomy);
  const cuts: CutPoint[] = [];
  for (const names of crossings(graph, anatomy, states)) {
    const position = cuts.length + 1;
    const crossing: BoundaryTensor[] = [];
    let refusal = parted.get(position) ?? null;
    for (const name of names) {
      const found = boundaryTensor(name, graph.types.get(name) ?? UNKNOWN_TYPE);
      if ('tensor' in found) crossing.push(found.tensor);
      else refusal = found.refusal;
      if ((ranks.get(name) ?? 0) > position) refusal = `a Scan must know the rank of "${name}"`;
    }
    if (position <= weighty.indexOf(true) || position > weighty.lastIndexOf(true)) {
      refusal = 'all the work would be on one side';
    }
    if (names.length === 0) refusal = 'nothing is handed on there';
    if (names.length > MAX_CROSSING) refusal = `more than ${MAX_CROSSING} tensors would have to be sent`;
    cuts.push({ position, crossing, usable: refusal === null, refusal });
  }
  return cuts;
}

/** Why a model without a usable cut has none. */
export function uncuttable(graph: ModelGraph, anatomy: Anatomy, cuts: readonly CutPoint[]): UncuttableError {
  const actual = reasonFor(graph, anatomy, cuts);
  return new UncuttableError(`This model cannot be shared out, only run whole on one device: it ${actual}.`, {
    step: 'find places to cut',
    expected: 'at least two parts with tensors between them',
    actual,
  });
}

function reasonFor(graph: ModelGraph, { work }: Anatomy, cuts: readonly CutPoint[]): string {
  const [foreign] = graph.unsendable;
  if (foreign) return unsendableInWords(foreign);
  const all = work.flatMap((index) => graph.nodes[index] ?? []);
  const weighty = all.filter((node) => !WEIGHTLESS.has(node.opType));
  const nodes = weighty.length > 0 ? weighty : all;
  const body = nodes.find((node) => node.bodyOutputs.size > 0);
  if (nodes.length === 1 && body) return `keeps all its work inside one ${shown(body)}`;
  if (nodes.length === 0) return 'has nothing to compute for a request';
  if (nodes.length === 1) return `has a single step, ${shown(nodes[0])}`;
  const refusals = [...new Set(cuts.map((cut) => cut.refusal ?? ''))];
  return `has no place where its work can be parted: ${refusals.slice(0, 3).join('; ')}`;
}

function shown(node: GraphNode | undefined): string {
  if (!node) return 'node';
  return node.name === '' ? `${node.opType} node` : `${node.opType} node "${node.name}"`;
}

/** Positions within a group of nodes that runtimes compute as one, and which group. */
function fusedPositions(graph: ModelGraph, { work, roles }: Anatomy): Map<number, string> {
  const place = new Map(work.map((node, at) => [node, at]));
  const positions = new Map<number, string>();
  for (const [producer, consumer] of fusedPairs(graph, roles)) {
    const types = [producer, consumer].map((index) => graph.nodes[index]?.opType);
    const last = place.get(consumer) ?? 0;
    for (let position = (place.get(producer) ?? last) + 1; position <= last; position++) {
      positions.set(position, `${types.join(' and ')} are computed as one`);
    }
  }
  return positions;
}
