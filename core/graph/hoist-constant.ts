import type { GraphNode } from './graph-node.ts';
import { fieldsOf } from './protobuf.ts';
import { concat, textField } from './protobuf-writer.ts';
import { INLINE_BYTES, type StoredTensor, TENSOR } from './stored-tensor.ts';
import { tensorHead } from './value-info.ts';

/**
 * A Constant node that holds a large tensor as the initialiser it stands for, its values a range of the file;
 * null for other nodes. Some exporters write all weights this way.
 */
export function hoistConstant(node: GraphNode): StoredTensor | null {
  const tensor = node.attributes.get('value')?.tensor;
  const [name] = node.outputs;
  if (node.opType !== 'Constant' || node.domain !== '' || !tensor || !name) return null;
  let values: Uint8Array | undefined;
  const rest: Uint8Array[] = [];
  for (const field of fieldsOf(tensor)) {
    if (field.number === TENSOR.rawData) values = field.body;
    else if (field.number !== TENSOR.name) rest.push(field.raw);
  }
  if (!values || values.length <= INLINE_BYTES) return null;
  // Both are views into one buffer, so their distance is that in the file.
  const offset = node.offset + values.byteOffset - node.proto.byteOffset;
  const body = { file: '', offset, length: values.length };
  const proto = concat([...rest, textField(TENSOR.name, name)]);
  return { name, ...tensorHead(tensor), bytes: values.length, proto, body };
}
