import { WIRE } from '../../core/graph/protobuf.ts';
import { bytesField, concat, textField, varintField } from '../../core/graph/protobuf-writer.ts';
import { externalTensor, TENSOR } from '../../core/graph/stored-tensor.ts';
import { dtypeCode } from '../../core/tensor/dtype.ts';
import { tensorBytes } from '../../core/tensor/tensor.ts';
import { MICROSOFT, type Network, type Weight } from './draft.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A stretch of a file: bytes, or a weight, which stands for its values. */
export type Part = Bytes | Weight;

/** What the files of a network consist of, front to back. */
export interface Layout {
  readonly model: readonly Part[];
  /** The values of the large weights; empty where all is in one file. */
  readonly data: readonly Weight[];
}

/** The file of external values, as optimum and transformers.js name it. */
export const DATA_FILE = 'model.onnx_data';
/** As onnx.save_model: what is smaller stays inside, where runtimes look for shapes. */
const EXTERNAL_FROM = 1024;
/** The last version of IR that asks for nothing newer than the opset. */
const IR_VERSION = 8;
/** The first opset with LayerNormalization, and the last in which ReduceMean has its axes as an attribute. */
const OPSET = 17;

/** Lays out a network: all in one file, or large weights end to end in a second one. */
export function layoutOf(network: Network, oneFile: boolean): Layout {
  const data: Weight[] = [];
  let offset = 0;
  const weights = network.weights.flatMap((weight) => {
    const length = weightBytes(weight);
    if (oneFile || length < EXTERNAL_FROM) return inside(weight, length);
    data.push(weight);
    const proto = externalTensor(tensorHead(weight), DATA_FILE, offset, length);
    offset += length;
    return [bytesField(5, proto)];
  });
  const graph: Part[] = [
    ...network.nodes.map((node) => bytesField(1, node)),
    textField(2, 'main_graph'),
    ...weights,
    ...network.inputs.map((input) => bytesField(11, input)),
    ...network.outputs.map((output) => bytesField(12, output)),
  ];
  const head = concat([
    varintField(1, IR_VERSION),
    textField(2, 'potluck-shapes'),
    opset('', OPSET),
    opset(MICROSOFT, 1),
    bytesHead(7, sizeOf(graph)),
  ]);
  return { model: [head, ...graph], data };
}

/** Bytes that the parts take together. */
export function sizeOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + (part instanceof Uint8Array ? part.length : weightBytes(part)), 0);
}

/** Bytes of the values of a weight. */
export function weightBytes({ dtype, dims }: Weight): number {
  return tensorBytes(dtype, dims);
}

function inside(weight: Weight, length: number): Part[] {
  const proto = concat([tensorHead(weight), bytesHead(TENSOR.rawData, length)]);
  return [concat([bytesHead(5, proto.length + length), proto]), weight];
}

function tensorHead({ name, dtype, dims }: Weight): Bytes {
  return concat([
    ...dims.map((dim) => varintField(TENSOR.dims, dim)),
    varintField(TENSOR.dataType, dtypeCode(dtype)),
    textField(TENSOR.name, name),
  ]);
}

function opset(domain: string, version: number): Bytes {
  return bytesField(8, textField(1, domain), varintField(2, version));
}

/** The head of a field of `length` bytes that follow: an integer field's, but for the wire type. Numbers to 15. */
function bytesHead(number: number, length: number): Bytes {
  const head = varintField(number, length);
  head[0] = number * 8 + WIRE.bytes;
  return head;
}
