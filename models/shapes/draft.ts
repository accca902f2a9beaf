import { value } from '../../core/graph/model-builder.ts';
import { bytesField, concat, textField } from '../../core/graph/protobuf-writer.ts';
import type { Dtype } from '../../core/tensor/dtype.ts';
import { constant, type Fill, integers } from './fills.ts';

type Bytes = Uint8Array<ArrayBuffer>;
type Dims = readonly (number | string)[];

/** A weight before it has bytes. */
export interface Weight {
  readonly name: string;
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly fill: Fill;
}

/** A network whose weights have no bytes yet: NodeProtos in the order in which they run, and ValueInfoProtos. */
export interface Network {
  readonly nodes: readonly Bytes[];
  readonly inputs: readonly Bytes[];
  readonly outputs: readonly Bytes[];
  /** In the order in which they are first read, so that a layer's lie together. */
  readonly weights: readonly Weight[];
}

/** What a node may have beside its inputs. */
interface NodeOptions {
  readonly attributes?: readonly Bytes[];
  /** Names of the outputs, '' for one that is left out; `<name>_output_0` by default. */
  readonly outputs?: readonly string[];
  readonly domain?: string;
}

/** The domain of ONNX Runtime's own operators. */
export const MICROSOFT = 'com.microsoft';

/** A network while it is put together. */
export class GraphDraft implements Network {
  readonly nodes: Bytes[] = [];
  readonly inputs: Bytes[] = [];
  readonly outputs: Bytes[] = [];
  readonly #weights = new Map<string, Weight>();

  get weights(): readonly Weight[] {
    return [...this.#weights.values()];
  }

  /** Adds a node and returns its first output. */
  node(op: string, name: string, inputs: readonly string[], options: NodeOptions = {}): string {
    const { attributes = [], outputs = [`${name}_output_0`], domain = '' } = options;
    const proto = concat([
      ...inputs.map((input) => textField(1, input)),
      ...outputs.map((output) => textField(2, output)),
      textField(3, name),
      textField(4, op),
      ...attributes.map((attribute) => bytesField(5, attribute)),
      ...(domain === '' ? [] : [textField(7, domain)]),
    ]);
    this.nodes.push(proto);
    return outputs[0] ?? '';
  }

  /** Adds a weight and returns its name; a name that is there already stands for the same weight. */
  weight(name: string, dims: readonly number[], fill: Fill, dtype: Dtype = 'float32'): string {
    if (!this.#weights.has(name)) this.#weights.set(name, { name, dtype, dims, fill });
    return name;
  }

  /** A constant of integers, such as a shape. */
  longs(...values: readonly number[]): string {
    return this.weight(`/model/constants/INT64/[${values}]`, [values.length], integers(values), 'int64');
  }

  /** A constant integer without dimensions. */
  long(number: number): string {
    return this.weight(`/model/constants/INT64/${number}`, [], integers([number]), 'int64');
  }

  /** A constant float without dimensions. */
  float(number: number): string {
    return this.weight(`/model/constants/FLOAT/${number}`, [], constant(number));
  }

  /** Declares an input of the network and returns its name. */
  input(name: string, dtype: Dtype, dims: Dims): string {
    this.inputs.push(value(name, dtype, dims));
    return name;
  }

  /** Declares an output of the network and returns its name, for the node that makes it. */
  output(name: string, dtype: Dtype, dims: Dims): string {
    this.outputs.push(value(name, dtype, dims));
    return name;
  }
}

/** Where exporters put the nodes of a module: "model.layers.0.mlp" becomes "/model/layers.0/mlp". */
export function pathOf(module: string): string {
  return `/${module.replace(/\.(?=[a-z])/g, '/')}`;
}
