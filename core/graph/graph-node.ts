import { ModelFormatError } from '../errors.ts';
import { appendVarints, fieldsOf, textOf } from './protobuf.ts';
import { readValueInfo, type ValueType } from './value-info.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** What we read of an attribute; `body` is a tensor's TensorProto, `bodies` the GraphProtos of If, Loop or Scan. */
export interface Attribute {
  readonly int: number;
  readonly ints: readonly number[];
  readonly text: string;
  readonly tensor: Bytes | null;
  readonly bodies: readonly Bytes[];
  /** AttributeProto.AttributeType, 0 in files of the first ONNX versions. */
  readonly type: number;
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
  /** NodeProto, verbatim, and where it begins in the file. */
  readonly proto: Bytes;
  readonly offset: number;
}

/** If within If within If is real; a hundred levels are an attack on the stack. */
const MAX_DEPTH = 32;

/** Reads a NodeProto. */
export function readNode(proto: Bytes, offset: number): GraphNode {
  return { ...parseNode(proto, 0), proto, offset };
}

type ParsedNode = Omit<GraphNode, 'proto' | 'offset'>;

function parseNode(proto: Bytes, depth: number): ParsedNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Attribute>();
  let name = '';
  let opType = '';
  let domain = '';
  for (const field of fieldsOf(proto)) {
    if (field.number === 1) inputs.push(textOf(field.body));
    else if (field.number === 2) outputs.push(textOf(field.body));
    else if (field.number === 3) name = textOf(field.body);
    else if (field.number === 4) opType = textOf(field.body);
    else if (field.number === 5) attributes.set(...readAttribute(field.body));
    else if (field.number === 7) domain = textOf(field.body);
  }
  if (domain === 'ai.onnx') domain = '';
  const reads = new Set(inputs);
  const bodyOutputs = new Map<string, readonly ValueType[]>();
  for (const [key, { bodies }] of attributes) {
    for (const body of bodies) {
      const { captures, outputs: types } = readBody(body, depth + 1);
      for (const captured of captures) reads.add(captured);
      bodyOutputs.set(key, types);
    }
  }
  reads.delete('');
  return { opType, domain, name, inputs, outputs, reads: [...reads], attributes, bodyOutputs };
}

/** What a body needs from outside, shadowed names left out, and the declared types of its outputs. */
function readBody(graph: Bytes, depth: number): { captures: Set<string>; outputs: ValueType[] } {
  if (depth > MAX_DEPTH) {
    throw new ModelFormatError('The model nests its control flow too deeply.', {
      step: 'read the graph',
      expected: `at most ${MAX_DEPTH} levels`,
      actual: 'more',
    });
  }
  const own = new Set<string>();
  const read = new Set<string>();
  const outputs: ValueType[] = [];
  for (const field of fieldsOf(graph)) {
    if (field.number === 1) {
      const node = parseNode(field.body, depth);
      for (const name of node.reads) if (!own.has(name)) read.add(name);
      for (const name of node.outputs) own.add(name);
    } else if (field.number === 5) own.add(nameOf(field.body, 8));
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

function readAttribute(proto: Bytes): [name: string, attribute: Attribute] {
  let name = '';
  let int = 0;
  let text = '';
  let tensor: Bytes | null = null;
  let type = 0;
  const ints: number[] = [];
  const bodies: Bytes[] = [];
  for (const field of fieldsOf(proto)) {
    if (field.number === 1) name = textOf(field.body);
    else if (field.number === 3) int = field.value;
    else if (field.number === 4) text = textOf(field.body);
    else if (field.number === 5) tensor = field.body;
    else if (field.number === 6 || field.number === 11) bodies.push(field.body);
    else if (field.number === 8) appendVarints(ints, field);
    else if (field.number === 20) type = field.value;
  }
  return [name, { int, ints, text, tensor, bodies, type }];
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
