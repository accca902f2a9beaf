import type { GraphNode } from '../../core/graph/graph-node.ts';
import { intAttribute } from '../../core/graph/model-builder.ts';
import { bytesField, concat, textField } from '../../core/graph/protobuf-writer.ts';
import { encodeTensor } from '../../core/graph/tensor-proto.ts';
import { dtypeCode } from '../../core/tensor/dtype.ts';
import { fromFloat32, tensor } from '../../core/tensor/tensor.ts';
import type { FreeNames, Quantized } from './names.ts';
import { quantizeMatrix, type Weight } from './weight.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Writes products in int8, node by node in the order of the graph. */
export class Int8Products {
  /** TensorProtos of the weights that the nodes so far read. */
  readonly tensors: Bytes[] = [];
  readonly #names: FreeNames;
  readonly #activations = new Map<string, Quantized>();
  readonly #weights = new Map<string, Quantized>();

  constructor(names: FreeNames) {
    this.#names = names;
  }

  /**
   * The NodeProtos that stand for a MatMul of a value and a weight, and make its output. A value that several products
   * read is quantised before the first. Throws ModelFormatError when the weight cannot be read.
   */
  replace({ name, inputs, outputs }: GraphNode, weight: Weight): Bytes[] {
    const [value = ''] = inputs;
    const [output = ''] = outputs;
    const known = this.#activations.get(value);
    const a = known ?? this.#names.quantized(value);
    this.#activations.set(value, a);
    const b = this.#weight(weight);
    const product = this.#names.take(`${output}_output_quantized`);
    const floats = this.#names.take(`${product}_cast_output`);
    // A node without a name gets parts without names, but values need one.
    const part = (end: string): string => name && `${name}_quant${end}`;
    const scaling = part('_scales_mul') || `${a.scale}_${b.scale}_mul`;
    const scale = this.#names.take(`${scaling}:0`);
    return [
      ...(known ? [] : [quantizing(value, a)]),
      node('MatMulInteger', part(''), [a.values, b.values, a.zeroPoint, b.zeroPoint], [product]),
      node('Cast', `${product}_cast`, [product], [floats], [intAttribute('to', dtypeCode('float32'))]),
      node('Mul', scaling, [a.scale, b.scale], [scale]),
      node('Mul', part('_output_scale_mul'), [floats, scale], [output]),
    ];
  }

  #weight(weight: Weight): Quantized {
    const known = this.#weights.get(weight.name);
    if (known) return known;
    const to = this.#names.quantized(weight.name);
    const { dims, values, scale } = quantizeMatrix(weight);
    this.#weights.set(weight.name, to);
    this.tensors.push(
      encodeTensor(to.values, tensor('int8', dims, new Uint8Array(values.buffer))),
      encodeTensor(to.scale, fromFloat32([], Float32Array.of(scale))),
      encodeTensor(to.zeroPoint, tensor('int8', [], new Uint8Array(1))),
    );
    return to;
  }
}

/** Makes a float value uint8, in each run anew by its largest and smallest number. */
function quantizing(value: string, { values, scale, zeroPoint }: Quantized): Bytes {
  return node('DynamicQuantizeLinear', `${value}_QuantizeLinear`, [value], [values, scale, zeroPoint]);
}

function node(
  op: string,
  name: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly Bytes[] = [],
): Bytes {
  return concat([
    ...inputs.map((input) => textField(1, input)),
    ...outputs.map((output) => textField(2, output)),
    ...(name === '' ? [] : [textField(3, name)]),
    textField(4, op),
    ...attributes.map((attribute) => bytesField(5, attribute)),
  ]);
}
