import { ModelFormatError } from '../errors.ts';
import { type GraphNode, readNode, sparseName } from './graph-node.ts';
import { hoistConstant } from './hoist-constant.ts';
import type { OnnxModel } from './onnx-model.ts';
import type { BoundaryTensor } from './shard.types.ts';
import type { StoredTensor } from './stored-tensor.ts';
import { boundaryTensor, readValueInfo, UNKNOWN_TYPE, type ValueInfo, type ValueType } from './value-info.ts';
import { outputTypes } from './value-types.ts';

/** A whole model as a graph of named values. */
export interface ModelGraph {
  readonly model: OnnxModel;
  /** In topological order: file order where that is one. */
  readonly nodes: readonly GraphNode[];
  /** Index of the node that makes a value. */
  readonly producers: ReadonlyMap<string, number>;
  readonly initializers: ReadonlyMap<string, StoredTensor>;
  /** SparseTensorProto messages by name. */
  readonly sparse: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  /** What the model is fed: initialisers that are also listed as inputs are left out. */
  readonly inputs: readonly BoundaryTensor[];
  readonly outputs: readonly BoundaryTensor[];
  /** Declared or inferred types of all values. */
  readonly types: ReadonlyMap<string, ValueType>;
  /** What the file declares about a value. */
  readonly declared: ReadonlyMap<string, ValueInfo>;
}

/**
 * Makes a graph of a model.
 * @throws ModelFormatError when nodes read what nothing makes, or the model is fed or returns what is no tensor.
 */
export function modelGraph(model: OnnxModel): ModelGraph {
  const initializers = new Map(model.initializers.map((tensor) => [tensor.name, tensor]));
  const sparse = new Map(model.sparseInitializers.map((proto) => [sparseName(proto), proto]));
  const stored = (name: string): boolean => initializers.has(name) || sparse.has(name);
  const listed = model.inputs.map(readValueInfo);
  const inputs = listed.filter(({ name }) => !stored(name));
  const outputs = model.outputs.map(readValueInfo);
  const computed: GraphNode[] = [];
  for (const { proto, offset } of model.nodes) {
    const node = readNode(proto, offset);
    const constant = hoistConstant(node);
    if (constant) initializers.set(constant.name, constant);
    else computed.push(node);
  }
  const nodes = inTopologicalOrder(computed, (name) => stored(name) || inputs.some((i) => i.name === name));
  const producers = producersOf(nodes);
  const infos = [...model.valueInfos.map(readValueInfo), ...outputs, ...listed];
  const declared = new Map(infos.map((info) => [info.name, info]));
  const types = typesOf(nodes, declared, initializers);
  for (const { name } of outputs) {
    if (!producers.has(name) && !stored(name) && !inputs.some((i) => i.name === name)) throw orphan('', name);
  }
  const toTensor = ({ name }: ValueInfo): BoundaryTensor => {
    const found = boundaryTensor(name, types.get(name) ?? UNKNOWN_TYPE);
    if ('tensor' in found) return found.tensor;
    throw new ModelFormatError(`The model takes or returns what cannot be sent: ${found.refusal}.`, {
      step: 'read the graph',
      expected: 'dense tensors of numbers',
      actual: found.refusal,
    });
  };
  const boundary = { inputs: inputs.map(toTensor), outputs: outputs.map(toTensor) };
  return { model, nodes, producers, initializers, sparse, ...boundary, types, declared };
}

function producersOf(nodes: readonly GraphNode[]): Map<string, number> {
  const producers = new Map<string, number>();
  for (const [index, node] of nodes.entries()) {
    for (const name of node.outputs) {
      if (name === '') continue;
      if (producers.has(name)) {
        throw broken(`Two nodes make the value "${name}".`, 'one producer of each value', `two of "${name}"`);
      }
      producers.set(name, index);
    }
  }
  return producers;
}

function typesOf(
  nodes: readonly GraphNode[],
  declared: ReadonlyMap<string, ValueInfo>,
  initializers: ReadonlyMap<string, StoredTensor>,
): Map<string, ValueType> {
  const types = new Map<string, ValueType>();
  for (const { name, code, dims } of initializers.values()) types.set(name, { kind: 'tensor', code, dims });
  for (const { name, type } of declared.values()) if (!types.has(name)) types.set(name, type);
  const typeOf = (name: string): ValueType => types.get(name) ?? UNKNOWN_TYPE;
  for (const node of nodes) {
    const inferred = outputTypes(node, typeOf);
    for (const [index, name] of node.outputs.entries()) {
      const known = typeOf(name);
      const complete = known.kind === 'other' || known.code !== 0;
      if (name !== '' && !complete)
        types.set(name, { ...(inferred[index] ?? UNKNOWN_TYPE), dims: known.dims });
    }
  }
  return types;
}

/** File order where it is valid, as the format demands; else the stable order nearest to it (Kahn, 1962). */
function inTopologicalOrder(
  nodes: readonly GraphNode[],
  given: (name: string) => boolean,
): readonly GraphNode[] {
  const made = new Set<string>();
  const waiting = new Map<string, GraphNode[]>();
  const missing = new Map<GraphNode, number>();
  const ordered: GraphNode[] = [];
  const place = (first: GraphNode): void => {
    const ready = [first];
    for (let node = ready.pop(); node; node = ready.pop()) {
      ordered.push(node);
      for (const name of node.outputs) {
        made.add(name);
        for (const reader of waiting.get(name) ?? []) {
          const left = (missing.get(reader) ?? 0) - 1;
          missing.set(reader, left);
          if (left === 0) ready.push(reader);
        }
        waiting.delete(name);
      }
    }
  };
  for (const node of nodes) {
    const absent = node.reads.filter((name) => !given(name) && !made.has(name));
    if (absent.length === 0) {
      place(node);
      continue;
    }
    missing.set(node, absent.length);
    for (const name of absent) waiting.set(name, [...(waiting.get(name) ?? []), node]);
  }
  const [stuck] = waiting;
  if (stuck) throw orphan(stuck[1][0]?.name || (stuck[1][0]?.opType ?? ''), stuck[0]);
  return ordered;
}

function orphan(node: string, name: string): ModelFormatError {
  const reader = node === '' ? 'The model returns' : `The node "${node}" reads`;
  return broken(
    `${reader} "${name}", which nothing makes before it.`,
    'a value for every name',
    `none for "${name}"`,
  );
}

function broken(message: string, expected: string, actual: string): ModelFormatError {
  return new ModelFormatError(message, { step: 'read the graph', expected, actual });
}
