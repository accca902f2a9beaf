import * as v from 'valibot';
import type { Dtype } from '../../../core/tensor/dtype.ts';
import { type Tensor, tensorBytes } from '../../../core/tensor/tensor.ts';

/**
 * The format of huggingface/safetensors: eight bytes of a little-endian length, so many bytes of JSON, then the data.
 *
 *   | u64 n | n bytes: {"name": {"dtype": "F32", "shape": [1, 3], "data_offsets": [begin, end]}, "__metadata__": …} | data |
 *
 * Offsets count from the data's beginning, and tensors lie end to end without holes.
 */

const NAMES = {
  float32: 'F32',
  float64: 'F64',
  float16: 'F16',
  uint8: 'U8',
  int8: 'I8',
  uint16: 'U16',
  int16: 'I16',
  uint32: 'U32',
  int32: 'I32',
  uint64: 'U64',
  int64: 'I64',
  bool: 'BOOL',
} as const satisfies Record<Dtype, string>;
const DTYPES: ReadonlyMap<string, Dtype> = new Map(
  Object.entries(NAMES).map(([dtype, name]) => [name, dtype as Dtype]),
);

/** As other programs align it, so that data can be mapped. */
const ALIGN = 8;
/** Far more than names and shapes of a thousand tensors take. */
const MOST_HEADER = 4 * 1024 * 1024;
const MOST_TENSORS = 4096;
const METADATA = '__metadata__';

const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const entry = v.object({
  dtype: v.string(),
  shape: v.pipe(v.array(size), v.maxLength(32)),
  data_offsets: v.tuple([size, size]),
});
const metadata = v.record(v.string(), v.string());

export interface SafeTensors {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The bytes break the format. */
export class TensorFormatError extends Error {
  override readonly name = 'TensorFormatError';
}

/** Reads a file; the tensors have bytes of their own. @throws TensorFormatError */
export function readSafeTensors(bytes: Uint8Array): SafeTensors {
  const length = headerLength(bytes);
  const header = parsedHeader(bytes.subarray(8, 8 + length));
  const data = bytes.subarray(8 + length);
  const names = Object.keys(header).filter((name) => name !== METADATA);
  if (names.length > MOST_TENSORS)
    throw new TensorFormatError(`There are more than ${MOST_TENSORS} tensors.`);
  const found = names.map((name) => {
    const read = v.safeParse(entry, header[name]);
    if (!read.success) throw new TensorFormatError(`The entry "${short(name)}" is not one of a tensor.`);
    const { dtype, shape, data_offsets } = read.output;
    return { name, dtype, shape, begin: data_offsets[0], end: data_offsets[1] };
  });
  found.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const tensors = new Map<string, Tensor>();
  let at = 0;
  for (const { name, dtype: code, shape, begin, end } of found) {
    const dtype = DTYPES.get(code);
    if (!dtype) throw new TensorFormatError(`"${short(name)}" is of a type that is not taken.`);
    if (begin !== at || end - begin !== tensorBytes(dtype, shape) || end > data.byteLength) {
      throw new TensorFormatError(`The data of "${short(name)}" is not where its shape says.`);
    }
    at = end;
    tensors.set(name, { dtype, dims: shape, data: Uint8Array.from(data.subarray(begin, end)) });
  }
  if (at !== data.byteLength) throw new TensorFormatError('There are bytes that belong to no tensor.');
  const more = v.safeParse(metadata, header[METADATA] ?? {});
  if (!more.success) throw new TensorFormatError(`"${METADATA}" is not made of texts.`);
  return { tensors, metadata: more.output };
}

/** Writes a file. */
export function writeSafeTensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const entries: [string, object][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  let at = 0;
  for (const [name, { dtype, dims, data }] of tensors) {
    entries.push([name, { dtype: NAMES[dtype], shape: dims, data_offsets: [at, at + data.byteLength] }]);
    at += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(json.byteLength / ALIGN) * ALIGN;
  const bytes = new Uint8Array(8 + length + at);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.fill(0x20, 8, 8 + length).set(json, 8);
  let to = 8 + length;
  for (const { data } of tensors.values()) {
    bytes.set(data, to);
    to += data.byteLength;
  }
  return bytes;
}

function headerLength(bytes: Uint8Array): number {
  if (bytes.byteLength < 8) throw new TensorFormatError('There are no eight bytes of a length.');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length <= BigInt(Math.min(MOST_HEADER, bytes.byteLength - 8))) return Number(length);
  throw new TensorFormatError('The header is longer than the file, or than headers may be.');
}

function parsedHeader(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below.
  }
  throw new TensorFormatError('The header is not JSON.');
}

function short(name: string): string {
  return name.slice(0, 80);
}
