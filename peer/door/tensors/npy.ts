import type { Dtype } from '../../../core/tensor/dtype.ts';
import { type Tensor, tensorBytes } from '../../../core/tensor/tensor.ts';
import { TensorFormatError } from './safetensors.ts';

/**
 * NumPy's format for one array (NEP 1), versions 1 to 3, little-endian and in C order only.
 *
 *   | 0x93 "NUMPY" | major minor | u16, from version 2 u32: n | n bytes: {'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), } | data |
 */

const NAMES = {
  float32: '<f4',
  float64: '<f8',
  float16: '<f2',
  uint8: '|u1',
  int8: '|i1',
  uint16: '<u2',
  int16: '<i2',
  uint32: '<u4',
  int32: '<i4',
  uint64: '<u8',
  int64: '<i8',
  bool: '|b1',
} as const satisfies Record<Dtype, string>;
const DTYPES: ReadonlyMap<string, Dtype> = new Map(
  Object.entries(NAMES).map(([dtype, name]) => [name, dtype as Dtype]),
);

const MAGIC = '\x93NUMPY';
const MOST_HEADER = 64 * 1024;
const ALIGN = 64;

/** Reads one array, with bytes of its own. @throws TensorFormatError */
export function readNpy(bytes: Uint8Array): Tensor {
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  const [major = 0] = bytes.subarray(MAGIC.length);
  if (magic !== MAGIC || major < 1 || major > 3) throw new TensorFormatError('This is no .npy file.');
  const begin = MAGIC.length + 2 + (major === 1 ? 2 : 4);
  if (bytes.byteLength < begin) throw new TensorFormatError('The header breaks off.');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = major === 1 ? view.getUint16(begin - 2, true) : view.getUint32(begin - 4, true);
  if (length > Math.min(MOST_HEADER, bytes.byteLength - begin))
    throw new TensorFormatError('The header breaks off.');
  const { dtype, dims } = parsedHeader(new TextDecoder().decode(bytes.subarray(begin, begin + length)));
  const data = bytes.subarray(begin + length);
  if (data.byteLength !== tensorBytes(dtype, dims)) {
    throw new TensorFormatError('The shape says another number of bytes than there are.');
  }
  return { dtype, dims, data: Uint8Array.from(data) };
}

/** Writes one array. */
export function writeNpy({ dtype, dims, data }: Tensor): Uint8Array<ArrayBuffer> {
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(', ');
  const header = `{'descr': '${NAMES[dtype]}', 'fortran_order': False, 'shape': (${shape}), }`;
  const begin = MAGIC.length + 4;
  const length = Math.ceil((begin + header.length + 1) / ALIGN) * ALIGN - begin;
  const bytes = new Uint8Array(begin + length + data.byteLength);
  const put = (text: string, at: number): void => {
    for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index);
  };
  put(`${MAGIC}\x01\x00`, 0);
  new DataView(bytes.buffer).setUint16(begin - 2, length, true);
  put(`${header.padEnd(length - 1)}\n`, begin);
  bytes.set(data, begin + length);
  return bytes;
}

/** The header is a literal of Python, of which writers use no more than this. */
function parsedHeader(header: string): Pick<Tensor, 'dtype' | 'dims'> {
  const [, descr] = /'descr'\s*:\s*'([^']{1,8})'/.exec(header) ?? [];
  const [, shape] = /'shape'\s*:\s*\(([0-9,\sL]{0,1024})\)/.exec(header) ?? [];
  const dtype = DTYPES.get(descr?.replace(/^[<=|](?=[ui]1|b1)/, '|') ?? '');
  if (!dtype || !/'fortran_order'\s*:\s*False/.test(header) || shape === undefined) {
    throw new TensorFormatError('The array must be of numbers, little-endian and in C order.');
  }
  const dims = (shape.match(/\d+/g) ?? []).map(Number);
  if (dims.length <= 32 && dims.every(Number.isSafeInteger)) return { dtype, dims };
  throw new TensorFormatError('The shape is larger than any array.');
}
