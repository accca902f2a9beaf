import { ModelFormatError } from '../../core/errors.ts';
import { type GraphNode, readNode } from '../../core/graph/graph-node.ts';
import { GRAPH } from '../../core/graph/onnx-model.ts';
import { type Field, fieldsOf } from '../../core/graph/protobuf.ts';
import { bytesField, concat } from '../../core/graph/protobuf-writer.ts';
import { ReadBudget } from '../../core/graph/read-budget.ts';
import { readValueInfo } from '../../core/graph/value-info.ts';
import { FreeNames } from './names.ts';
import { Int8Products } from './product.ts';
import { readWeight, type Weight } from './weight.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A graph whose products with a weight are in int8. */
export interface Int8Graph {
  /** GraphProto. */
  readonly graph: Bytes;
  /** How many products became int8. */
  readonly products: number;
}

/** A field of GraphProto; at most one of the three is there. */
interface Part {
  readonly field: Field;
  readonly node?: GraphNode;
  readonly weight?: Weight;
  /** Of an input, an output or a value whose shape is told. */
  readonly described?: string;
}

/**
 * Makes the products of the main graph int8, each where its MatMul stood; bodies of If, Loop and Scan stay as they are.
 * Throws ModelFormatError when the graph, or a weight that is needed, cannot be read.
 */
export function quantizeGraph(graph: Bytes): Int8Graph {
  const budget = new ReadBudget();
  const parts = [...fieldsOf(graph)].map((field) => readPart(field, budget));
  const nodes = parts.flatMap(({ node }) => node ?? []);
  if (nodes.length === 0) {
    const data = { step: 'read the graph', expected: 'at least one node', actual: 'none' };
    throw new ModelFormatError('The model’s graph is empty.', data);
  }
  const products = findProducts(parts, nodes);
  const goes = droppedWeights(parts, nodes, products);
  const written = new Int8Products(new FreeNames(parts.flatMap(namesOf)));
  const rewritten = parts.flatMap(({ field, node, weight, described }): Bytes[] => {
    const product = node && products.get(node);
    if (node && product) return written.replace(node, product).map((proto) => bytesField(GRAPH.node, proto));
    // Old exporters list weights as inputs, too.
    return goes.has(weight?.name ?? described ?? '') ? [] : [field.raw];
  });
  const tensors = written.tensors.map((proto) => bytesField(GRAPH.initializer, proto));
  return { graph: concat([...rewritten, ...tensors]), products: products.size };
}

function readPart(field: Field, budget: ReadBudget): Part {
  switch (field.number) {
    case GRAPH.node:
      return { field, node: readNode(field.body, budget) };
    case GRAPH.initializer:
      return { field, weight: readWeight(field.body) };
    case GRAPH.input:
    case GRAPH.output:
    case GRAPH.valueInfo:
      return { field, described: readValueInfo(field.body).name };
    default:
      return { field };
  }
}

/** The weight of each node that is a product of a value and a float matrix. */
function findProducts(parts: readonly Part[], nodes: readonly GraphNode[]): ReadonlyMap<GraphNode, Weight> {
  const weights = new Map(parts.flatMap(({ weight }) => (weight ? [[weight.name, weight] as const] : [])));
  return new Map(
    nodes.flatMap((node) => {
      const weight = weights.get(node.inputs[1] ?? '');
      const isProduct = node.opType === 'MatMul' && node.domain === '' && weight?.isMatrix;
      return isProduct ? [[node, weight] as const] : [];
    }),
  );
}

/** Names of the weights that only products read. */
function droppedWeights(
  parts: readonly Part[],
  nodes: readonly GraphNode[],
  products: ReadonlyMap<GraphNode, Weight>,
): ReadonlySet<string> {
  const dropped = new Set([...products.values()].map(({ name }) => name));
  for (const node of nodes) {
    const reads = products.has(node) ? node.inputs.slice(0, 1) : node.reads;
    for (const name of reads) dropped.delete(name);
  }
  for (const { field, described = '' } of parts) if (field.number === GRAPH.output) dropped.delete(described);
  return dropped;
}

function namesOf({ node, weight, described }: Part): readonly string[] {
  return node ? [...node.reads, ...node.outputs] : [weight?.name ?? described ?? ''];
}
