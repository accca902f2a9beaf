/**
 * Tensor element types that can cross a cut.
 * `onnx` is TensorProto.DataType (onnx.proto3), also used as the wire code; `name` is ONNX Runtime's.
 */
export const DTYPES = [
  { name: 'float32', onnx: 1, bytes: 4 },
  { name: 'uint8', onnx: 2, bytes: 1 },
  { name: 'int8', onnx: 3, bytes: 1 },
  { name: 'uint16', onnx: 4, bytes: 2 },
  { name: 'int16', onnx: 5, bytes: 2 },
  { name: 'int32', onnx: 6, bytes: 4 },
  { name: 'int64', onnx: 7, bytes: 8 },
  { name: 'bool', onnx: 9, bytes: 1 },
  { name: 'float16', onnx: 10, bytes: 2 },
  { name: 'float64', onnx: 11, bytes: 8 },
  { name: 'uint32', onnx: 12, bytes: 4 },
  { name: 'uint64', onnx: 13, bytes: 8 },
] as const;

/** Name of an element type, as ONNX Runtime spells it. */
export type Dtype = (typeof DTYPES)[number]['name'];

const BY_NAME: ReadonlyMap<string, (typeof DTYPES)[number]> = new Map(DTYPES.map((d) => [d.name, d]));
const BY_CODE: ReadonlyMap<number, (typeof DTYPES)[number]> = new Map(DTYPES.map((d) => [d.onnx, d]));

/** Bytes of one element. */
export function elementBytes(dtype: Dtype): number {
  return BY_NAME.get(dtype)?.bytes ?? 0;
}

/** TensorProto.DataType of a dtype, also its wire code. */
export function dtypeCode(dtype: Dtype): number {
  return BY_NAME.get(dtype)?.onnx ?? 0;
}

/** The dtype of a TensorProto.DataType, or undefined where it cannot cross a cut (strings, sequences, bf16, …). */
export function dtypeFromCode(code: number): Dtype | undefined {
  return BY_CODE.get(code)?.name;
}

/** True when foreign text names a {@link Dtype}. */
export function isDtype(text: string): text is Dtype {
  return BY_NAME.has(text);
}
