import { ModelFormatError } from '../errors.ts';
import { type GraphNode, sparseName } from './graph-node.ts';
import { withLocalFunctions } from './local-functions.ts';
import type { OnnxModel } from './onnx-model.ts';
import type { BoundaryTensor } from './shard.types.ts';
import type { StoredTensor } from './stored-tensor.ts';
import { inTopologicalOrder } from './topological-order.ts';
import { type UnsendableValue, unsendable } from './unsendable.ts';
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
  /** The dense tensors that the model is fed: initialisers that are also listed as inputs keep their values. */
  readonly inputs: readonly BoundaryTensor[];
  /** The dense tensors that it returns. */
  readonly outputs: readonly BoundaryTensor[];
  /** What else it takes and returns. A model that has such can only run whole, where its text is. */
  readonly unsendable: readonly UnsendableValue[];
  /** Declared or inferred types of all values. */
  readonly types: ReadonlyMap<string, ValueType>;
  /** What the file declares about a value. */
  readonly declared: ReadonlyMap<string, ValueInfo>;
}

/**
 * Makes a graph of a model.
 * @throws ModelFormatError when nodes read what nothing makes, or a value is made twice.
 */
export function modelGraph(model: OnnxModel): ModelGraph {
  const initializers = new Map(model.initializers.map((tensor) => [tensor.name, tensor]));
  const sparse = new Map(model.sparseInitializers.map((proto) => [sparseName(proto), proto]));
  const stored = (name: string): boolean => initializers.has(name) || sparse.has(name);
  const listed = model.inputs.map(readValueInfo);
  const fed = listed.filter(({ name }) => !stored(name));
  const returned = model.outputs.map(readValueInfo);
  const given = new Set(fed.map(({ name }) => name));
  const { nodes, missing } = inTopologicalOrder(model.nodes, (name) => stored(name) || given.has(name));
  if (missing) throw orphan(missing.reader.name || missing.reader.opType, missing.value);
  const producers = producersOf(nodes);
  for (const { name } of returned) {
    if (!producers.has(name) && !stored(name) && !given.has(name)) throw orphan('', name);
  }
  const infos = [...model.valueInfos.map(readValueInfo), ...returned, ...listed];
  const declared = new Map(infos.map((info) => [info.name, info]));
  const types = typesOf(model, nodes, declared, initializers);
  const typeOf = (name: string): ValueType => types.get(name) ?? UNKNOWN_TYPE;
  const tensors = (values: readonly ValueInfo[]): BoundaryTensor[] =>
    values.flatMap(({ name }) => {
      const found = boundaryTensor(name, typeOf(name));
      return 'tensor' in found ? [found.tensor] : [];
    });
  return {
    model,
    nodes,
    producers,
    initializers,
    sparse,
    inputs: tensors(fed),
    outputs: tensors(returned),
    unsendable: [
      ...fed.flatMap((info) => unsendable(info, typeOf(info.name), 'input') ?? []),
      ...returned.flatMap((info) => unsendable(info, typeOf(info.name), 'output') ?? []),
    ],
    types,
    declared,
  };
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
  { preamble }: OnnxModel,
  nodes: readonly GraphNode[],
  declared: ReadonlyMap<string, ValueInfo>,
  initializers: ReadonlyMap<string, StoredTensor>,
): Map<string, ValueType> {
  const types = new Map<string, ValueType>();
  for (const { name, code, dims } of initializers.values()) types.set(name, { kind: 'tensor', code, dims });
  for (const { name, type } of declared.values()) if (!types.has(name)) types.set(name, type);
  const typeOf = (name: string): ValueType => types.get(name) ?? UNKNOWN_TYPE;
  const outputTypesOf = withLocalFunctions(preamble, outputTypes);
  for (const node of nodes) {
    const inferred = outputTypesOf(node, typeOf);
    for (const [index, name] of node.outputs.entries()) {
      const known = typeOf(name);
      const complete = known.kind === 'other' || known.code !== 0;
      if (name !== '' && !complete)
        types.set(name, { ...(inferred[index] ?? UNKNOWN_TYPE), dims: known.dims });
    }
  }
  return types;
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
