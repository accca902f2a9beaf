import { ModelFormatError } from '../errors.ts';
import { type Field, fieldsOf, textOf } from './protobuf.ts';
import type { ReadBudget } from './read-budget.ts';
import { TENSOR } from './stored-tensor.ts';
import { readValueInfo, type ValueType } from './value-info.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** What we read of an attribute; `tensor` is a TensorProto. */
export interface Attribute {
  readonly int: number;
  readonly tensor: Bytes | null;
}

/** One node of the graph. */
export interface GraphNode {
  readonly opType: string;
  /** '' is the ONNX standard, also where the file says "ai.onnx". */
  readonly domain: string;
  readonly name: string;
  /** In operator order; '' stands for an optional one that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Every outer value that the node needs: its inputs and what its bodies capture; each once, never ''. */
  readonly reads: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Types of the outputs of its bodies, by attribute name. */
  readonly bodyOutputs: ReadonlyMap<string, readonly ValueType[]>;
  /** NodeProto, verbatim. */
  readonly proto: Bytes;
}

/** If within If within If is real; a hundred levels are an attack on the stack. */
const MAX_DEPTH = 32;
/** Inputs, outputs and captured values of one node; a Concat or a Loop of large models takes some hundreds. */
const MAX_NODE_VALUES = 10_000;
/** Of a name in fields, for the budget: it is decoded and kept. */
const NAME_COST = 4;
/** The operator with the most attributes has some thirty. */
const MAX_ATTRIBUTES = 1000;

/**
 * Reads a NodeProto.
 * @throws ModelFormatError when it has no operator, too many values, or bodies nested too deeply.
 */
export function readNode(proto: Bytes, budget: ReadBudget): GraphNode {
  return { ...parseNode(proto, 0, budget), proto };
}

type ParsedNode = Omit<GraphNode, 'proto'>;

function parseNode(proto: Bytes, depth: number, budget: ReadBudget): ParsedNode {
  budget.item();
  const inputs: string[] = [];
  const outputs: string[] = [];
  const found: (Attribute & { readonly name: string; readonly bodies: readonly Bytes[] })[] = [];
  let name = '';
  let opType = '';
  let domain = '';
  for (const field of fieldsOf(proto)) {
    budget.field(NAME_COST);
    if (field.number === 1) inputs.push(textOf(field.body));
    else if (field.number === 2) outputs.push(textOf(field.body));
    else if (field.number === 3) name = textOf(field.body);
    else if (field.number === 4) opType = textOf(field.body);
    else if (field.number === 5) found.push(readAttribute(field.body, budget));
    else if (field.number === 7) domain = textOf(field.body);
    atMost(MAX_NODE_VALUES, inputs.length + outputs.length, 'inputs and outputs of a node');
    atMost(MAX_ATTRIBUTES, found.length, 'attributes of a node');
  }
  if (opType === '') throw refused('A node of the model has no operator.', 'an op_type', 'none');
  if (domain === 'ai.onnx') domain = '';
  const reads = new Set(inputs);
  const bodyOutputs = new Map<string, readonly ValueType[]>();
  for (const { name: key, bodies } of found) {
    for (const body of bodies) {
      const { captures, outputs: types } = readBody(body, depth + 1, budget);
      budget.field(captures.size);
      for (const captured of captures) reads.add(captured);
      bodyOutputs.set(key, types);
    }
  }
  reads.delete('');
  atMost(MAX_NODE_VALUES, reads.size, 'values that a node reads');
  const attributes = new Map(found.map(({ name: key, int, tensor }) => [key, { int, tensor }]));
  return { opType, domain, name, inputs, outputs, reads: [...reads], attributes, bodyOutputs };
}

/** What a body needs from outside, shadowed names left out, and the declared types of its outputs. */
function readBody(
  graph: Bytes,
  depth: number,
  budget: ReadBudget,
): { captures: Set<string>; outputs: ValueType[] } {
  atMost(MAX_DEPTH, depth, 'levels of control flow');
  const own = new Set<string>();
  const read = new Set<string>();
  const outputs: ValueType[] = [];
  for (const field of fieldsOf(graph)) {
    budget.item();
    if (field.number === 1) {
      const node = parseNode(field.body, depth, budget);
      for (const name of node.reads) if (!own.has(name)) read.add(name);
      for (const name of node.outputs) own.add(name);
    } else if (field.number === 5) own.add(innerWeight(field.body));
    else if (field.number === 15) own.add(sparseName(field.body));
    else if (field.number === 11) own.add(nameOf(field.body, 1));
    else if (field.number === 12) {
      const { name, type } = readValueInfo(field.body);
      outputs.push(type);
      read.add(name);
    }
  }
  return { captures: new Set([...read].filter((name) => !own.has(name))), outputs };
}

/**
 * The name of a body's weight. Nodes are written out verbatim, so where it points into another file, the stage would,
 * too, and no stage has that file.
 */
function innerWeight(tensor: Bytes): string {
  let name = '';
  let location = 0;
  for (const field of fieldsOf(tensor)) {
    if (field.number === TENSOR.name) name = textOf(field.body);
    else if (field.number === TENSOR.dataLocation) location = field.value;
  }
  if (location === 0) return name;
  throw refused(
    `The weight "${name.slice(0, 100)}" of an inner graph (If, Loop or Scan) is in another file, which is not taken.`,
    'inner weights in the model file',
    'external data',
  );
}

function readAttribute(
  proto: Bytes,
  budget: ReadBudget,
): Attribute & { readonly name: string; readonly bodies: readonly Bytes[] } {
  let name = '';
  let int = 0;
  let tensor: Bytes | null = null;
  const bodies: Bytes[] = [];
  for (const field of fieldsOf(proto)) {
    budget.field();
    if (field.number === 1) name = textOf(field.body);
    else if (field.number === 3) int = field.value;
    else if (field.number === 5) tensor = field.body;
    else if (isBody(field)) bodies.push(field.body);
  }
  return { name, int, tensor, bodies };
}

/** Field g, or one of graphs. */
function isBody({ number }: Field): boolean {
  return number === 6 || number === 11;
}

/** The text in field `number` of a message. */
function nameOf(proto: Bytes, number: number): string {
  for (const field of fieldsOf(proto)) if (field.number === number) return textOf(field.body);
  return '';
}

/** A sparse initialiser is named by its values (SparseTensorProto.values, a TensorProto). */
export function sparseName(proto: Bytes): string {
  for (const field of fieldsOf(proto)) if (field.number === 1) return nameOf(field.body, 8);
  return '';
}

function atMost(limit: number, actual: number, what: string): void {
  if (actual > limit) {
    throw refused('The model’s graph is too large to read.', `at most ${limit} ${what}`, 'more');
  }
}

function refused(message: string, expected: string, actual: string): ModelFormatError {
  return new ModelFormatError(message, { step: 'read the graph', expected, actual });
}
