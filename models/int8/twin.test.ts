import * as ort from 'onnxruntime-web/wasm';
import { expect, it } from 'vitest';
import { ModelFormatError } from '../../core/errors.ts';
import { memorySource } from '../../core/graph/byte-source.ts';
import { external, floats, graph, model, node, value } from '../../core/graph/model-builder.ts';
import { type OnnxModel, readModel } from '../../core/graph/onnx-model.ts';
import { bytesField, concat, textField, varintField } from '../../core/graph/protobuf-writer.ts';
import { seededRandom } from '../../core/graph/seeded-random.ts';
import { TENSOR } from '../../core/graph/stored-tensor.ts';
import { decodeTensor } from '../../core/graph/tensor-proto.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { int8Twin, twinOf } from './twin.ts';

type Bytes = Uint8Array<ArrayBuffer>;

ort.env.wasm.numThreads = 1;

const FROM = 16;
const TO = 8;
const random = seededRandom(1);
const numbers = (count: number): number[] => Array.from({ length: count }, () => random() * 2 - 1);
const VALUES = numbers(FROM * TO);
const IN = [value('x', 'float32', ['rows', FROM])];
const out = (...names: string[]): Bytes[] => names.map((name) => value(name, 'float32', ['rows', TO]));
const weight = (name: string): Bytes => floats(name, [FROM, TO], VALUES);

/** x times a and x times b are added; `c` is read by a product, and turned round for another. */
const MODEL = model({
  nodes: [
    node('MatMul', ['x', 'a'], ['left']),
    node('MatMul', ['x', 'b'], ['right']),
    node('Add', ['left', 'right'], ['sum']),
    node('Transpose', ['c'], ['turned']),
    node('MatMul', ['sum', 'turned'], ['wide']),
    node('MatMul', ['wide', 'c'], ['y']),
  ],
  inputs: IN,
  outputs: out('left', 'y'),
  weights: [weight('a'), floats('b', [FROM, TO], numbers(FROM * TO)), weight('c')],
});

const product = (weights: Bytes[], irVersion = 8): Bytes =>
  model({ nodes: [node('MatMul', ['x', 'a'], ['y'])], inputs: IN, outputs: out('y'), weights }, irVersion);

const bytesOf = (...values: number[]): Bytes => new Uint8Array(Float32Array.from(values).buffer);
const read = (bytes: Bytes): Promise<OnnxModel> => readModel(memorySource(bytes));

/** Weights by name, all small enough to be inline. */
async function weightsOf(bytes: Bytes): Promise<ReadonlyMap<string, Tensor>> {
  const { initializers } = await read(bytes);
  return new Map(initializers.map(({ name, proto }) => [name, decodeTensor(proto).tensor]));
}

async function run(bytes: Bytes): Promise<Record<string, Float32Array>> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const x = Float32Array.from({ length: 3 * FROM }, (_, at) => Math.sin(at));
  const results = await session.run({ x: new ort.Tensor('float32', x, [3, FROM]) });
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}

/** The largest difference, over the largest number. */
function error(actual: Float32Array, expected: Float32Array): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((each, at) => Math.abs(each - (actual[at] ?? Number.NaN)))) / largest;
}

it('the twin gives nearly the float result, but not the same', async () => {
  const [whole, twin] = [await run(MODEL), await run(int8Twin(MODEL))];
  expect(Object.keys(twin)).toEqual(['left', 'y']);
  for (const [name, expected] of Object.entries(whole)) {
    const off = error(twin[name] ?? new Float32Array(), expected);
    expect(off).toBeGreaterThan(1e-5);
    expect(off).toBeLessThan(0.03);
  }
});

it('a value that several products read is quantised once, before the first', async () => {
  const { nodes } = await read(int8Twin(MODEL));
  expect(twinOf(MODEL).products).toBe(3);
  const dynamic = nodes.filter(({ opType }) => opType === 'DynamicQuantizeLinear');
  expect(dynamic.map(({ inputs }) => inputs)).toEqual([['x'], ['wide']]);
  expect(nodes.slice(0, 6).map(({ opType }) => opType)).toEqual([
    'DynamicQuantizeLinear',
    ...['MatMulInteger', 'Cast', 'Mul', 'Mul'],
    'MatMulInteger',
  ]);
});

it('names and outputs are those of ONNX Runtime', async () => {
  const [quantize, integers, cast, scale, scaled] = (await read(int8Twin(product([weight('a')])))).nodes;
  expect(quantize?.outputs).toEqual(['x_quantized', 'x_scale', 'x_zero_point']);
  expect(integers?.inputs).toEqual(['x_quantized', 'a_quantized', 'x_zero_point', 'a_zero_point']);
  expect(cast?.outputs).toEqual(['y_output_quantized_cast_output']);
  expect(scale).toMatchObject({ name: 'MatMul:y_quant_scales_mul', inputs: ['x_scale', 'a_scale'] });
  expect(scaled).toMatchObject({ name: 'MatMul:y_quant_output_scale_mul', outputs: ['y'] });
});

it('the float weight goes where only products read it', async () => {
  const weights = [...(await weightsOf(int8Twin(MODEL))).keys()];
  expect(weights.filter((name) => !name.includes('_'))).toEqual(['c']);
  const outside = model({
    nodes: [node('MatMul', ['x', 'a'], ['y'])],
    inputs: [...IN, value('a', 'float32', [FROM, TO])],
    outputs: [...out('y'), value('a', 'float32', [FROM, TO])],
    weights: [weight('a')],
  });
  expect([...(await weightsOf(int8Twin(outside))).keys()]).toContain('a');
});

it('weights have one scale, no zero point, and halves go to even', async () => {
  const values = [127, -127, 0.5, 1.5, -2.5, 3.4, 0, 64];
  const weights = await weightsOf(int8Twin(product([floats('a', [1, 8], values)])));
  const int8 = new Int8Array(weights.get('a_quantized')?.data.slice().buffer ?? new ArrayBuffer());
  expect([...int8]).toEqual([127, -127, 0, 2, -2, 3, 0, 64]);
  expect(weights.get('a_quantized')).toMatchObject({ dtype: 'int8', dims: [1, 8] });
  expect(weights.get('a_scale')).toMatchObject({ dtype: 'float32', dims: [], data: bytesOf(1) });
  expect(weights.get('a_zero_point')).toMatchObject({ dtype: 'int8', dims: [], data: new Uint8Array(1) });
});

it('weights in float_data, of old models and all of zeros are taken', async () => {
  const typed = concat([
    varintField(TENSOR.dims, FROM),
    varintField(TENSOR.dims, TO),
    varintField(TENSOR.dataType, 1),
    textField(TENSOR.name, 'a'),
    bytesField(TENSOR.floatData, bytesOf(...VALUES)),
  ]);
  const expected = await run(product([weight('a')]));
  for (const weights of [[typed], [weight('a')]]) {
    const { y } = await run(int8Twin(product(weights, 3)));
    expect(error(y ?? new Float32Array(), expected.y ?? new Float32Array())).toBeLessThan(0.03);
  }
  const zeros = floats('a', [FROM, TO], Array(FROM * TO).fill(0));
  expect((await run(int8Twin(product([zeros])))).y).toEqual(new Float32Array(3 * TO));
});

it('a name that is taken gets a number', async () => {
  const taken = model({
    nodes: [
      node('Identity', ['x'], ['x_scale']),
      node('MatMul', ['x_scale', 'a'], ['left']),
      node('MatMul', ['x', 'a'], ['y']),
    ],
    inputs: IN,
    outputs: out('left', 'y'),
    weights: [weight('a')],
  });
  const { left, y } = await run(int8Twin(taken));
  expect(left).toEqual(y);
});

it('an opset below 11 is raised, others stay', async () => {
  const parts = {
    nodes: [node('MatMul', ['x', 'a'], ['y'])],
    inputs: IN,
    outputs: out('y'),
    weights: [weight('a')],
  };
  const opset = (domain: string, version: number): Bytes =>
    bytesField(8, textField(1, domain), varintField(2, version));
  const made = (version: number): Bytes =>
    concat([varintField(1, 8), opset('com.microsoft', 1), opset('', version), bytesField(7, graph(parts))]);
  for (const version of [9, 11, 13]) {
    const { opsets } = await read(int8Twin(made(version)));
    expect([...opsets]).toEqual([
      ['com.microsoft', 1],
      ['', Math.max(version, 11)],
    ]);
  }
});

it('a model without a product of a value and a float matrix comes back as it is', () => {
  const none = model({
    nodes: [
      node('MatMul', ['a', 'x'], ['y']),
      node('MatMul', ['x', 'many'], ['z']),
      node('Add', ['y', 'a'], ['s']),
    ],
    inputs: IN,
    outputs: out('s'),
    weights: [weight('a'), floats('many', [1, FROM, TO], VALUES)],
  });
  expect(twinOf(none)).toEqual({ model: none, products: 0 });
});

it.each([
  ['no bytes', new Uint8Array()],
  ['text', new TextEncoder().encode('{"model": "none"}')],
  ['half a model', MODEL.slice(0, MODEL.length / 2)],
  ['a graph without nodes', model({ nodes: [], inputs: IN, outputs: out('x') })],
  ['a weight of another size', product([floats('a', [FROM, TO], VALUES.slice(1))])],
  ['a weight that is not finite', product([floats('a', [FROM, TO], VALUES.with(3, Number.NaN))])],
  [
    'a weight in another file',
    product([external('a', 'float32', [FROM, TO], { location: 'd', offset: 0, length: 512 })]),
  ],
])('%s is refused', (_, bytes) => {
  expect(() => int8Twin(bytes)).toThrow(ModelFormatError);
});
