import type { GraphNode } from './graph-node.ts';
import { tensorHead, UNKNOWN_TYPE, type ValueType } from './value-info.ts';

const FLOAT = 1;
const UINT8 = 2;
const INT32 = 6;
const INT64 = 7;
const BOOL = 9;

/**
 * What gives an output its element type: a fixed type, the type of an input, or a type named by an attribute
 * (a TensorProto.DataType, or a tensor) with what holds where it is left out.
 */
type Source =
  | number
  | { readonly input: number; readonly otherwise?: Source }
  | { readonly attribute: string; readonly otherwise: Source }
  /** A sequence of tensors of the first input's element type, and a tensor out of one. */
  | 'sequence'
  | 'element'
  | 'other'
  | 'unknown';

const FIRST: Source = { input: 0 };
const input = (index: number, otherwise: Source = 'unknown'): Source => ({ input: index, otherwise });
const attribute = (name: string, otherwise: Source): Source => ({ attribute: name, otherwise });

/** One source for each output; the last serves all further ones. */
type Rule = readonly [Source, ...Source[]];

const rules = (rule: Rule, ops: string): [string, Rule][] => ops.split(' ').map((op) => [op, rule]);

/**
 * Operators of the ONNX standard whose outputs do not simply have the type of their first input
 * (onnx/docs/Operators.md, opset 24).
 */
const STANDARD: ReadonlyMap<string, Rule> = new Map([
  ...rules([INT64], 'Shape Size ArgMax ArgMin NonZero NonMaxSuppression SequenceLength'),
  ...rules([BOOL], 'Equal Less Greater LessOrEqual GreaterOrEqual Not And Or Xor IsNaN IsInf'),
  ...rules([BOOL], 'OptionalHasElement RegexFullMatch'),
  ...rules([attribute('to', 'unknown')], 'Cast'),
  ...rules([input(1)], 'CastLike Where'),
  ...rules([attribute('value', FLOAT)], 'ConstantOfShape'),
  ...rules([attribute('dtype', FLOAT)], 'RandomNormal RandomUniform'),
  ...rules([attribute('dtype', FIRST)], 'RandomNormalLike RandomUniformLike EyeLike Bernoulli'),
  ...rules([attribute('dtype', INT32)], 'Multinomial'),
  ...rules([attribute('output_datatype', FLOAT)], 'HannWindow HammingWindow BlackmanWindow MelWeightMatrix'),
  ...rules([input(2, attribute('output_dtype', UINT8))], 'QuantizeLinear'),
  ...rules([attribute('output_dtype', input(1))], 'DequantizeLinear'),
  ...rules([UINT8, FLOAT, UINT8], 'DynamicQuantizeLinear'),
  ...rules([INT32], 'MatMulInteger ConvInteger'),
  ...rules([input(7)], 'QLinearConv QLinearMatMul'),
  ...rules([input(2)], 'OneHot'),
  ...rules([FIRST, INT64], 'TopK MaxPool Unique'),
  ...rules([FIRST, BOOL], 'Dropout'),
  ...rules([FIRST, FLOAT], 'LayerNormalization SimplifiedLayerNormalization'),
  ...rules([UINT8], 'ImageDecoder'),
  ...rules([FLOAT], 'TfIdfVectorizer'),
  ...rules(['sequence'], 'SequenceConstruct SequenceInsert SequenceErase SplitToSequence'),
  ...rules(['other'], 'SequenceEmpty SequenceMap Optional'),
  ...rules(['element'], 'SequenceAt ConcatFromSequence'),
  ...rules(['unknown'], 'OptionalGetElement StringNormalizer StringSplit'),
]);

/** Operators of ONNX Runtime's own domain; one that is not listed has outputs of unknown type. */
const MICROSOFT: ReadonlyMap<string, Rule> = new Map([
  ...rules([FIRST], 'Attention MultiHeadAttention PagedAttention SparseAttention LinearAttention'),
  ...rules([FIRST], 'DecoderMaskedMultiHeadAttention DecoderMaskedSelfAttention CausalConvWithState'),
  ...rules(
    [FIRST],
    'FastGelu Gelu BiasGelu QuickGelu BiasAdd BiasSplitGelu BiasSoftmax Trilu RotaryEmbedding',
  ),
  ...rules([FIRST], 'FusedMatMul TransposeMatMul FusedGemm FusedConv FusedMatMulActivation GemmFastGelu'),
  ...rules([FIRST], 'MatMulNBits MatMulBnb4 MatMulFpQ4 MoE QMoE DynamicQuantizeMatMul DynamicQuantizeLSTM'),
  ...rules([FIRST], 'ExpandDims Inverse CDist NhwcMaxPool NhwcConv GroupNorm SkipGroupNorm Pad GridSample'),
  ...rules([FIRST], 'ConvTransposeWithDynamicPads RelativePositionBias GatedRelativePositionBias Rfft Irfft'),
  ...rules([FIRST, FLOAT, FLOAT, FIRST], 'SkipLayerNormalization SkipSimplifiedLayerNormalization'),
  ...rules([FIRST, input(3, FIRST)], 'GroupQueryAttention'),
  ...rules([input(2), INT32, input(2)], 'EmbedLayerNormalization'),
  ...rules([input(3)], 'QAttention'),
  ...rules([input(2)], 'MatMulIntegerToFloat GatherBlockQuantized'),
  ...rules([FIRST], 'QLinearAdd QLinearMul QLinearSigmoid QLinearLeakyRelu QLinearSoftmax'),
  ...rules([FIRST], 'QLinearGlobalAveragePool QLinearAveragePool QLinearReduceMean'),
  ...rules([input(1)], 'QLinearConcat QLinearWhere'),
  ...rules([input(7)], 'QLinearConv'),
  ...rules([input(8, input(1))], 'QGemm'),
  ...rules([input(2, attribute('output_dtype', UINT8))], 'QuantizeLinear'),
  ...rules([input(1)], 'DequantizeLinear'),
  ...rules([INT32], 'BeamSearch GreedySearch Sampling'),
]);

/** Classical machine learning. */
const CLASSICAL: ReadonlyMap<string, Rule> = new Map([
  ...rules([FLOAT], 'Normalizer Scaler LinearRegressor SVMRegressor TreeEnsembleRegressor OneHotEncoder'),
  ...rules([FLOAT], 'FeatureVectorizer'),
  ...rules([FIRST], 'ArrayFeatureExtractor Binarizer Imputer'),
  ...rules(['unknown', FLOAT], 'LinearClassifier SVMClassifier TreeEnsembleClassifier'),
  ...rules(['other'], 'ZipMap DictVectorizer CastMap'),
]);

/** Types of a node's outputs, from those of the values it reads; for outputs that the file does not declare. */
export function outputTypes(node: GraphNode, typeOf: (name: string) => ValueType): readonly ValueType[] {
  if (node.domain === '' && node.opType === 'Constant') return node.outputs.map(() => constantType(node));
  const bodies = bodyTypes(node);
  if (bodies) return bodies;
  const rule = ruleOf(node);
  return node.outputs.map((_, index) => resolve(rule[index] ?? rule.at(-1) ?? 'unknown', node, typeOf));
}

function ruleOf({ domain, opType }: GraphNode): Rule {
  if (domain === '') return STANDARD.get(opType) ?? [FIRST];
  if (domain === 'com.microsoft') return MICROSOFT.get(opType) ?? ['unknown'];
  if (domain === 'ai.onnx.ml') return CLASSICAL.get(opType) ?? ['unknown'];
  return ['unknown'];
}

function resolve(source: Source, node: GraphNode, typeOf: (name: string) => ValueType): ValueType {
  if (source === 'unknown') return UNKNOWN_TYPE;
  if (source === 'other') return { kind: 'other', code: 0, dims: null };
  if (source === 'sequence' || source === 'element') {
    const { code } = typeOf(node.inputs[0] ?? '');
    return { kind: source === 'element' ? 'tensor' : 'other', code, dims: null };
  }
  if (typeof source === 'number') return { kind: 'tensor', code: source, dims: null };
  if ('input' in source) {
    const name = node.inputs[source.input];
    if (!name) return resolve(source.otherwise ?? 'unknown', node, typeOf);
    return { ...typeOf(name), dims: null };
  }
  const named = node.attributes.get(source.attribute);
  if (!named) return resolve(source.otherwise, node, typeOf);
  // Within a function an attribute may stand for an argument, which is not known here.
  const code = named.tensor ? tensorHead(named.tensor).code : named.int;
  return code ? { kind: 'tensor', code, dims: null } : UNKNOWN_TYPE;
}

/** If takes the types of its branches; Loop and Scan those of their bodies, Loop without the condition. */
function bodyTypes(node: GraphNode): readonly ValueType[] | undefined {
  if (node.domain !== '') return undefined;
  const body = node.bodyOutputs.get(node.opType === 'If' ? 'then_branch' : 'body');
  if (!body) return undefined;
  const first = node.opType === 'Loop' ? 1 : 0;
  return node.outputs.map((_, index) => ({ ...(body[first + index] ?? UNKNOWN_TYPE), dims: null }));
}

function constantType({ attributes }: GraphNode): ValueType {
  const value = attributes.get('value');
  if (value) return value.tensor ? { kind: 'tensor', ...tensorHead(value.tensor) } : UNKNOWN_TYPE;
  const code = attributes.has('value_int') || attributes.has('value_ints') ? INT64 : FLOAT;
  if (attributes.has('value_string') || attributes.has('value_strings'))
    return { kind: 'tensor', code: 8, dims: null };
  return { kind: 'tensor', code, dims: null };
}
