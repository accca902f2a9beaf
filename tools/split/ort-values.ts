import * as ort from 'onnxruntime-web';
import { InputError } from '../../core/errors.ts';
import type { ModelGraph } from '../../core/graph/model-graph.ts';
import { type UnsendableValue, unsendableInWords } from '../../core/graph/unsendable.ts';
import { isDtype } from '../../core/tensor/dtype.ts';
import { elementCount, type Tensor } from '../../core/tensor/tensor.ts';
import { fromOrt, toOrt } from '../../worker/feeds.ts';

type GraphValues = Pick<ModelGraph, 'inputs' | 'outputs' | 'unsendable' | 'declared'>;

/** TensorProto.DataTypes. */
const STRING = 8;
const UINT4 = 21;
const SAMPLE_TEXT = 'a';

/**
 * Feeds for ONNX Runtime: the given tensors, and samples of text and 4-bit numbers.
 * @throws InputError where the model takes what the runtime cannot be fed with in a browser.
 */
export function ortFeeds(graph: GraphValues, inputs: readonly Tensor[]): Record<string, ort.Tensor> {
  const feeds: Record<string, ort.Tensor> = {};
  for (const [index, { name }] of graph.inputs.entries()) {
    const input = inputs[index];
    if (input) feeds[name] = toOrt(ort.Tensor, input);
  }
  for (const value of graph.unsendable) {
    if (value.side === 'input') feeds[value.name] = sampleOf(graph, value);
  }
  return feeds;
}

/** The outputs that the runtime can return in a browser: tensors of numbers first. */
export function fetchNames({ outputs, unsendable }: GraphValues): string[] {
  const others = unsendable.filter(({ side, inBrowsers }) => side === 'output' && inBrowsers);
  return [...outputs, ...others].map(({ name }) => name);
}

/** A result as our tensor; what is no tensor of numbers as its bytes, so that one comparison serves all. */
export function resultTensor(name: string, result: ort.Tensor): Tensor {
  if (isDtype(result.type)) return fromOrt(name, result);
  const { data, dims, type } = result;
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
    : new TextEncoder().encode(JSON.stringify({ type, dims, data }));
  return { dtype: 'uint8', dims: [bytes.length], data: bytes as Uint8Array<ArrayBuffer> };
}

function sampleOf({ declared }: GraphValues, value: UnsendableValue): ort.Tensor {
  const type = declared.get(value.name)?.type;
  const dims = (type?.dims ?? [1]).map((dim) => (typeof dim === 'number' ? dim : 1));
  const count = elementCount(dims);
  if (value.inBrowsers && type?.code === STRING) {
    return new ort.Tensor('string', Array<string>(count).fill(SAMPLE_TEXT), dims);
  }
  if (value.inBrowsers && type && type.code !== 0) {
    const packed = new Uint8Array(Math.ceil(count / 2)).fill(0x21);
    return new ort.Tensor(type.code === UINT4 ? 'uint4' : 'int4', packed as never, dims);
  }
  const message = `The model cannot be fed in a browser: it ${unsendableInWords(value)}.`;
  throw new InputError(message, { step: 'make an input', expected: 'a tensor', actual: value.what });
}
