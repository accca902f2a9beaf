import type { GraphNode } from './graph-node.ts';
import type { ModelGraph } from './model-graph.ts';

const ops = (names: string): ReadonlySet<string> => new Set(names.split(' '));

/** Operators into which runtimes fold what follows. */
const PRODUCTS = ops(
  'Conv ConvTranspose Gemm MatMul FusedConv FusedMatMul FusedGemm MatMulNBits ConvInteger MatMulInteger',
);
const NORMALISATIONS = ops('BatchNormalization InstanceNormalization');
/** Functions of one tensor, element by element. */
const POINTWISE = ops(
  'Relu Clip Sigmoid LeakyRelu HardSigmoid HardSwish Tanh Elu Selu Celu PRelu Softplus Softsign Mish Gelu ' +
    'ThresholdedRelu Swish QuickGelu FastGelu Erf Exp Sqrt Reciprocal Neg Abs',
);
const ARITHMETIC = ops('Add Sub Mul Div Pow');
/** Steps of a mean and variance written out: a normalisation that the runtime replaces by one kernel. */
const MOMENTS = ops('ReduceMean ReduceSumSquare Pow Sqrt Reciprocal');
const GATES = ops('Sigmoid HardSigmoid Tanh Softplus Erf');
const STEPS: ReadonlySet<string> = new Set([...GATES, ...MOMENTS]);
const SOFTMAX = ops('Softmax');
const AFTER_SOFTMAX = ops('MatMul FusedMatMul Dropout Cast Where Identity');
const INTEGER_PRODUCTS = ops('MatMulInteger ConvInteger');

/**
 * Whether runtimes compute two nodes as one, so that a cut between them would change the rounding or cost speed:
 * the optimizer passes of ONNX Runtime 1.30 (core/optimizer) for convolutions, matrix products, quantised groups,
 * and for normalisation, Gelu and softmax written out in small operators.
 */
export interface FusedPatterns {
  joins(producer: GraphNode, value: string, consumer: GraphNode): boolean;
}

/** `readers` gives the nodes that read a value, `isConstant` tells values made of weights alone. */
export function fusedPatterns(
  graph: ModelGraph,
  readers: (value: string) => readonly GraphNode[],
  isConstant: (value: string) => boolean,
): FusedPatterns {
  const makerOf = (value: string): GraphNode | undefined => graph.nodes[graph.producers.get(value) ?? -1];
  const readsFrom = (node: GraphNode, types: ReadonlySet<string>): boolean =>
    node.inputs.some((value) => types.has(makerOf(value)?.opType ?? ''));
  const takesConstant = (node: GraphNode): boolean =>
    ARITHMETIC.has(node.opType) && node.inputs.some((value) => isConstant(value));
  const feedsOnly = (value: string, types: ReadonlySet<string>): boolean =>
    readers(value).every((reader) => types.has(reader.opType));
  const joins: FusedPatterns['joins'] = (producer, value, consumer) => {
    const from = producer.opType;
    const to = consumer.opType;
    if (quantised(producer, consumer, makerOf)) return true;
    const scales = takesConstant(consumer);
    if (PRODUCTS.has(from) || NORMALISATIONS.has(from)) {
      if (POINTWISE.has(to) || NORMALISATIONS.has(to) || scales) return true;
      // Half-precision scores in full: CPUs never round them in between, and unscaled scores may not fit.
      if (to === 'Cast') return true;
      // A mask between scores and softmax.
      if (ARITHMETIC.has(to) && consumer.outputs.some((sum) => feedsOnly(sum, SOFTMAX))) return true;
    }
    // Where it is read by nothing else, a cut after the small step is as good, and never worse.
    const alone = readers(value).length === 1;
    if (alone && (POINTWISE.has(to) || scales || SOFTMAX.has(to))) return true;
    if (GATES.has(from) && (ARITHMETIC.has(to) || POINTWISE.has(to))) return true;
    if (SOFTMAX.has(from) && AFTER_SOFTMAX.has(to)) return true;
    if (MOMENTS.has(from) && (ARITHMETIC.has(to) || MOMENTS.has(to))) return true;
    if (from === 'Sub' && readsFrom(producer, MOMENTS)) return ARITHMETIC.has(to) || MOMENTS.has(to);
    // 1 + erf(x), 1 + tanh(x), variance + epsilon: then times x, or the root.
    return takesConstant(producer) && readsFrom(producer, STEPS) && (ARITHMETIC.has(to) || POINTWISE.has(to));
  };
  return { joins };
}

/**
 * DequantizeLinear, the operators after it and their QuantizeLinear become one integer kernel; between
 * QuantizeLinear and DequantizeLinear is the good place, where the tensor is a quarter of the size.
 */
function quantised(
  producer: GraphNode,
  consumer: GraphNode,
  makerOf: (value: string) => GraphNode | undefined,
): boolean {
  const from = producer.opType;
  if (from === 'DequantizeLinear' || consumer.opType === 'QuantizeLinear') return true;
  if (from === 'DynamicQuantizeLinear' || from === 'MatMulInteger' || from === 'ConvInteger') return true;
  const integer = (node: GraphNode | undefined): boolean =>
    node?.opType === 'Cast' && INTEGER_PRODUCTS.has(makerOf(node.inputs[0] ?? '')?.opType ?? '');
  return integer(producer) || (from === 'Mul' && producer.inputs.some((value) => integer(makerOf(value))));
}
