import { PACK_LOCATION } from '../core/graph/shard.types.ts';
import type { StageModel } from '../core/runtime/stage-executor.ts';
import { type Dtype, dtypeCode } from '../core/tensor/dtype.ts';

/**
 * The smallest ONNX models that a test of the runtime needs, written by hand so that the test depends on nothing
 * else of ours. Field numbers are those of onnx.proto3.
 */

type Field = readonly [number, number | string | Uint8Array];

/** A protobuf message whose numbers, lengths and field numbers are all below 128: one byte each. */
function message(...fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    fields.flatMap(([field, value]) => {
      if (typeof value === 'number') return [field << 3, value];
      const bytes =
        typeof value === 'string' ? Array.from(value, (letter) => letter.charCodeAt(0)) : [...value];
      const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
      return [(field << 3) | 2, ...length, ...bytes];
    }),
  );
}

function value(name: string, dtype: Dtype, dims: readonly (number | string)[]): Uint8Array {
  const shape = message(
    ...dims.map((dim): Field => [1, message(typeof dim === 'number' ? [1, dim] : [2, dim])]),
  );
  const type = message([1, message([1, dtypeCode(dtype)], [2, shape])]);
  return message([1, name], [2, type]);
}

function node(op: string, inputs: readonly string[], output: string): Uint8Array {
  return message(...inputs.map((name): Field => [1, name]), [2, output], [3, output], [4, op]);
}

function model(graph: readonly Field[]): Uint8Array<ArrayBuffer> {
  return message([1, 8], [7, message([2, 'tiny'], ...graph)], [8, message([2, 17])]);
}

/** y = x + x + w, float32 [1, 4]; the four floats of w are the weight pack. */
export function affineStage(weights: StageModel['weights']): StageModel {
  const entry = (key: string, text: string): Field => [13, message([1, key], [2, text])];
  const location = [entry('location', PACK_LOCATION), entry('offset', '0'), entry('length', '16')];
  const w = message([1, 1], [1, 4], [2, dtypeCode('float32')], [8, 'w'], ...location, [14, 1]);
  const bytes = model([
    [1, node('Add', ['x', 'x'], 'twice')],
    [1, node('Add', ['twice', 'w'], 'y')],
    [5, w],
    [11, value('x', 'float32', [1, 4])],
    [12, value('y', 'float32', [1, 4])],
  ]);
  const tensor = { dtype: 'float32', dims: [1, 4] } as const;
  return { model: bytes, weights, inputs: [{ name: 'x', ...tensor }], outputs: [{ name: 'y', ...tensor }] };
}

/** y = x, of any type, [a, b]. */
export function identityStage(dtype: Dtype): StageModel {
  const bytes = model([
    [1, node('Identity', ['x'], 'y')],
    [11, value('x', dtype, ['a', 'b'])],
    [12, value('y', dtype, ['a', 'b'])],
  ]);
  const tensor = { dtype, dims: ['a', 'b'] } as const;
  return {
    model: bytes,
    weights: null,
    inputs: [{ name: 'x', ...tensor }],
    outputs: [{ name: 'y', ...tensor }],
  };
}
