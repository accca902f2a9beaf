import type { EmbedTensor } from '../../../core/protocol/embed.ts';
import type { ElementType, Inputs, Tensor, TensorData, TensorInput } from '../../../public/potluck.d.ts';
import { PotluckError } from './potluck-error.ts';

type Kind = new (buffer: ArrayBuffer) => TensorData;

/** How elements of each type are handed over. */
const KINDS: Readonly<Record<ElementType, Kind>> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** In this order, so that an array counts as the plain type of its kind: a Uint16Array is uint16 unless said otherwise. */
const PLAIN = Object.entries(KINDS).filter(([dtype]) => dtype !== 'float16' && dtype !== 'bool') as [
  ElementType,
  Kind,
][];

/** Copies a site's tensors into buffers of their own, which the caller may transfer. @throws PotluckError */
export function toBytes(inputs: Inputs): {
  readonly feeds: Record<string, EmbedTensor>;
  readonly buffers: ArrayBuffer[];
} {
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [name, bytesOf(name, input)]),
  );
  return { feeds, buffers: Object.values(feeds).map(({ data }) => data.buffer) };
}

/** Views bytes as an array of the type's kind. Takes them over. */
export function fromBytes({ dtype, dims, data }: EmbedTensor): Tensor {
  const known = dtype as ElementType;
  return { dtype: known, dims, data: new KINDS[known](data.buffer) };
}

function bytesOf(name: string, { data, dims, dtype }: TensorInput): EmbedTensor {
  const given = ArrayBuffer.isView(data) ? PLAIN.find(([, kind]) => data instanceof kind)?.[0] : undefined;
  if (!given || !Array.isArray(dims)) {
    throw refused(name, '{ data: a typed array, dims: a list of numbers }', typeof data);
  }
  const meant = dtype ?? given;
  const fits = meant in KINDS && (data instanceof KINDS[meant] || data instanceof Uint8Array);
  if (!fits) throw refused(name, `data for ${meant}`, given);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return { dtype: meant, dims: [...dims], data: bytes };
}

function refused(name: string, expected: string, actual: string): PotluckError {
  return new PotluckError(`The input "${name}" is no tensor: expected ${expected}, got ${actual}.`, {
    ...{ name: 'InputError', step: 'read a tensor', expected, actual },
  });
}
