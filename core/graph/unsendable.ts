import { fieldsOf } from './protobuf.ts';
import { boundaryTensor, type ValueInfo, type ValueType } from './value-info.ts';

/** Something that a model takes or returns and that no link carries: anything but dense tensors of numbers. */
export interface UnsendableValue {
  readonly name: string;
  readonly side: 'input' | 'output';
  /** What it is, in words: "text", "a sequence". */
  readonly what: string;
  /** Whether onnxruntime-web can be fed with it and return it: text and 4-bit numbers, nothing else. */
  readonly inBrowsers: boolean;
}

/** TensorProto.DataTypes (onnx.proto3) that {@link Dtype} leaves out. */
const ELEMENTS: ReadonlyMap<number, string> = new Map([
  [8, 'text'],
  [14, 'complex numbers'],
  [15, 'complex numbers'],
  [16, 'bfloat16 numbers'],
  [17, 'float8 numbers'],
  [18, 'float8 numbers'],
  [19, 'float8 numbers'],
  [20, 'float8 numbers'],
  [21, '4-bit numbers'],
  [22, '4-bit numbers'],
  [23, 'float4 numbers'],
  [24, 'float8 numbers'],
  [25, '2-bit numbers'],
  [26, '2-bit numbers'],
]);
const IN_BROWSERS: ReadonlySet<number> = new Set([8, 21, 22]);

/** TypeProto's field numbers (onnx.proto3). */
const KINDS: ReadonlyMap<number, string> = new Map([
  [4, 'a sequence'],
  [5, 'a map'],
  [7, 'an opaque value'],
  [8, 'a sparse tensor'],
  [9, 'an optional value'],
]);

/** What is unsendable about an input or output, or null when nothing is. */
export function unsendable(
  { name, proto }: Pick<ValueInfo, 'name' | 'proto'>,
  type: ValueType,
  side: UnsendableValue['side'],
): UnsendableValue | null {
  if ('tensor' in boundaryTensor(name, type)) return null;
  if (type.kind === 'other') return { name, side, what: kindOf(proto), inBrowsers: false };
  if (type.code === 0) return { name, side, what: 'a value of unknown type', inBrowsers: true };
  const what = ELEMENTS.get(type.code) ?? `numbers of type ${type.code}`;
  return { name, side, what, inBrowsers: IN_BROWSERS.has(type.code) };
}

/** 'takes "words", which is text': why a model runs whole, where its text is. */
export function unsendableInWords({ name, side, what }: UnsendableValue): string {
  return `${side === 'input' ? 'takes' : 'returns'} "${name}", which is ${what}`;
}

function kindOf(valueInfo: Uint8Array<ArrayBuffer>): string {
  for (const outer of fieldsOf(valueInfo)) {
    if (outer.number !== 2) continue;
    for (const field of fieldsOf(outer.body)) {
      const kind = KINDS.get(field.number);
      if (kind) return kind;
    }
  }
  return 'a sequence, map or optional value';
}
