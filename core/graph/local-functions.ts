import { type GraphNode, readNode } from './graph-node.ts';
import { fieldsOf, textOf } from './protobuf.ts';
import { ReadBudget } from './read-budget.ts';
import { UNKNOWN_TYPE, type ValueType } from './value-info.ts';

/** A function that the model itself defines, as its nodes. */
interface LocalFunction {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly GraphNode[];
}

/** Types of a node's outputs, from those of the values it reads. */
type OutputTypes = (node: GraphNode, typeOf: (name: string) => ValueType) => readonly ValueType[];

/** ModelProto.functions and FunctionProto's field numbers (onnx.proto3). */
const FUNCTIONS = 25;
const FIELD = { name: 1, input: 4, output: 5, node: 7, domain: 10 } as const;

/** Functions that call each other twice each would take for ever; real models stay far below. */
const MAX_STEPS = 200_000;
const MAX_DEPTH = 32;

/**
 * Extends the rules for operators to functions of the model's own: their bodies are walked with the types of the
 * arguments. `preamble` holds ModelProto's fields, tags included.
 */
export function withLocalFunctions(
  preamble: readonly Uint8Array<ArrayBuffer>[],
  rules: OutputTypes,
): OutputTypes {
  const functions = new Map<string, LocalFunction>();
  const budget = new ReadBudget();
  for (const raw of preamble) {
    for (const field of fieldsOf(raw))
      if (field.number === FUNCTIONS) functions.set(...readFunction(field.body, budget));
  }
  if (functions.size === 0) return rules;
  let steps = 0;
  let depth = 0;
  const outputTypes: OutputTypes = (node, typeOf) => {
    const called = functions.get(`${node.domain}:${node.opType}`);
    if (!called) return rules(node, typeOf);
    const types = new Map(called.inputs.map((name, index) => [name, typeOf(node.inputs[index] ?? '')]));
    const inner = (name: string): ValueType => types.get(name) ?? UNKNOWN_TYPE;
    depth++;
    for (const each of called.nodes) {
      if (++steps > MAX_STEPS || depth > MAX_DEPTH) break;
      const made = outputTypes(each, inner);
      for (const [index, name] of each.outputs.entries()) types.set(name, made[index] ?? UNKNOWN_TYPE);
    }
    depth--;
    return called.outputs.map(inner);
  };
  return outputTypes;
}

function readFunction(
  proto: Uint8Array<ArrayBuffer>,
  budget: ReadBudget,
): [key: string, read: LocalFunction] {
  let name = '';
  let domain = '';
  const inputs: string[] = [];
  const outputs: string[] = [];
  const nodes: GraphNode[] = [];
  for (const { number, body } of fieldsOf(proto)) {
    budget.item();
    if (number === FIELD.name) name = textOf(body);
    else if (number === FIELD.domain) domain = textOf(body);
    else if (number === FIELD.input) inputs.push(textOf(body));
    else if (number === FIELD.output) outputs.push(textOf(body));
    else if (number === FIELD.node) nodes.push(readNode(body, budget));
  }
  return [`${domain === 'ai.onnx' ? '' : domain}:${name}`, { inputs, outputs, nodes }];
}
