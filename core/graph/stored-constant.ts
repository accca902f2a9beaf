import { memorySource } from './byte-source.ts';
import type { GraphNode } from './graph-node.ts';
import { textOf, WIRE } from './protobuf.ts';
import { concat, textField } from './protobuf-writer.ts';
import type { ReadBudget } from './read-budget.ts';
import { INLINE_BYTES, readTensor, type StoredTensor, TENSOR } from './stored-tensor.ts';
import { WindowReader } from './window-reader.ts';

/** Field numbers of NodeProto and AttributeProto (onnx.proto3). */
const NODE = { input: 1, output: 2, opType: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { name: 1, tensor: 5 } as const;
const TEXTS: ReadonlySet<number> = new Set([NODE.output, NODE.opType, NODE.domain]);

/**
 * A large Constant node, [start, end) of the file, as the initialiser it stands for, its values not read but
 * located: some exporters write all weights this way. Null for other nodes, of which only the beginning is read.
 * @throws ModelFormatError
 */
export async function readConstant(
  reader: WindowReader,
  start: number,
  end: number,
  budget: ReadBudget,
): Promise<StoredTensor | null> {
  if (end - start <= INLINE_BYTES) return null;
  const texts = new Map<number, string>();
  let value: StoredTensor | null = null;
  for (let offset = start; offset < end; ) {
    budget.item();
    const head = await reader.head(offset, end);
    offset = head.next + head.length;
    if (TEXTS.has(head.number)) {
      budget.keep(head.length);
      texts.set(head.number, textOf(await reader.view(head.next, head.length)));
    } else if (head.number === NODE.attribute) {
      // Writers put the operator before the attributes; a node in another order is read as it is.
      if (texts.get(NODE.opType) !== 'Constant' || value) return null;
      value = await readValue(reader, head.next, offset, budget);
      if (!value) return null;
    } else if (head.number === NODE.input) return null;
  }
  const name = texts.get(NODE.output) ?? '';
  const standard = (texts.get(NODE.domain) ?? '').replace('ai.onnx', '') === '';
  return value && name !== '' && standard ? named(value, name) : null;
}

/** The tensor in the attribute `value`; null for the other forms, which are lists of numbers or texts. */
async function readValue(
  reader: WindowReader,
  start: number,
  end: number,
  budget: ReadBudget,
): Promise<StoredTensor | null> {
  let name = '';
  let tensor: StoredTensor | null = null;
  for (let offset = start; offset < end; ) {
    budget.item();
    const head = await reader.head(offset, end);
    offset = head.next + head.length;
    if (head.number === ATTRIBUTE.name) {
      budget.keep(head.length);
      name = textOf(await reader.view(head.next, head.length));
    } else if (head.number === ATTRIBUTE.tensor && head.wire === WIRE.bytes && name === 'value' && !tensor) {
      tensor = await readTensor(reader, head.next, offset, budget);
    } else if (head.length > INLINE_BYTES) return null;
  }
  return tensor;
}

/** A small Constant node as an initialiser where its values are in another file; else null. */
export async function externalConstant(node: GraphNode, budget: ReadBudget): Promise<StoredTensor | null> {
  const tensor = node.attributes.get('value')?.tensor;
  const [name] = node.outputs;
  if (node.domain !== '' || !tensor || !name) return null;
  const value = await readTensor(new WindowReader(memorySource(tensor)), 0, tensor.length, budget);
  return value.body && value.body.file !== '' ? named(value, name) : null;
}

/** Of a field that is there twice, the last counts. */
function named(tensor: StoredTensor, name: string): StoredTensor {
  return { ...tensor, name, proto: concat([tensor.proto, textField(TENSOR.name, name)]) };
}
