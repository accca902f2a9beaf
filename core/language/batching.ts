import type { GraphNode } from '../graph/graph-node.ts';
import type { InitialState } from '../graph/initial-states.ts';
import type { PadSide } from '../tensor/rows.ts';
import type { DecoderIo, DecoderRole } from './decoder-io.ts';

/** How the steps of several texts of different lengths become one run of the model. */
export interface Batching {
  /** At which end shorter texts are filled up, in the mask and in what is kept. */
  readonly side: PadSide;
  /** Of the inputs that are no kept states, in the order of the graph. */
  readonly roles: readonly DecoderRole[];
}

/** How a model's runs may be put together; both at the model's graph. */
export interface RunTraits {
  /** A word's scores do not depend on which others are in its run, but for the order of summation. */
  readonly invariant: boolean;
  /** Null where each text has to run by itself. */
  readonly batching: Batching | null;
}

/** Operators that round by the largest and smallest number of a whole tensor. */
const ROUNDS_BY_ALL = /^DynamicQuantize/;
/** Operators that may say where a word stands: with filling at the left they would count that too. */
const PLACES = new Set(['Range', 'CumSum', 'RotaryEmbedding', 'Cos', 'Sin']);

/**
 * What the graph of a decoder allows. Attention in ONNX's own operators masks what fills up a past at the left, as when
 * transformers generate in batches; GroupQueryAttention wants it at the right and counts by the mask (its schema:
 * seqlens_k). Whatever is neither runs by itself.
 */
export function runTraits(
  nodes: readonly GraphNode[],
  { inputs }: DecoderIo,
  states: readonly InitialState[],
): RunTraits {
  const invariant = !nodes.some(({ opType }) => ROUNDS_BY_ALL.test(opType));
  const side = invariant ? sideOf(nodes, inputs, states) : null;
  return { invariant, batching: side && { side, roles: inputs.map(({ role }) => role) } };
}

function sideOf(
  nodes: readonly GraphNode[],
  inputs: DecoderIo['inputs'],
  states: readonly InitialState[],
): PadSide | null {
  const open = (role: DecoderRole): boolean =>
    inputs.some(
      (input) => input.role === role && input.dims?.length === 2 && typeof input.dims[0] !== 'number',
    );
  if (!open('ids') || !open('mask')) return null;
  // One axis of texts, one at most that grows.
  if (states.some(({ initial }) => initial[0] !== 1 || initial.filter((size) => size === 0).length > 1))
    return null;
  const growing = new Set(states.flatMap(({ input, initial }) => (initial.includes(0) ? [input] : [])));
  const readers = new Set(
    nodes.flatMap(({ opType, inputs: read }) => (read.some((name) => growing.has(name)) ? [opType] : [])),
  );
  const [only] = readers;
  if (readers.size !== 1) return null;
  const told = open('positions');
  if (only === 'GroupQueryAttention')
    return told || !nodes.some(({ opType }) => PLACES.has(opType)) ? 'right' : null;
  return only === 'Concat' && told ? 'left' : null;
}
