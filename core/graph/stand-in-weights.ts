import { type Dtype, dtypeCode } from '../tensor/dtype.ts';
import { type Tensor, tensor, tensorBytes } from '../tensor/tensor.ts';
import type { ByteRange } from './byte-source.ts';
import type { ModelGraph } from './model-graph.ts';
import type { OnnxModel } from './onnx-model.ts';
import { PACK_LOCATION, type Shard } from './shard.types.ts';
import type { StoredTensor } from './stored-tensor.ts';

/**
 * Values for timing and shapes only, where the true ones are elsewhere; their results are never shown.
 * The byte that fills each TensorProto.DataType: floats become a small constant well above the subnormals, which
 * are slow (0x3c.. is 0.0115 as float32 and bfloat16, 0x22.. 0.012 as float16, 0x3f.. 0.0005 as float64);
 * all others become 0, which is a valid index, length and code.
 */
const FILLS: ReadonlyMap<number, number> = new Map([
  [1, 0x3c],
  [10, 0x22],
  [11, 0x3f],
  [16, 0x3c],
]);
/** A pack refers to this many bytes again and again, so it costs no memory. */
const CHUNK_BYTES = 1024 ** 2;

const chunks = new Map<number, Blob>();

/** A weight as far as its stand-in must be like it: where it lies, and the type of its elements (TensorProto.DataType). */
interface Body {
  readonly body: ByteRange;
  readonly code: number;
}

/** A pack of the right size for a shard whose weights are not at hand, filled by element type. O(weights + size / 1 MB). */
export function standInPack(graph: ModelGraph, shard: Shard): Blob {
  return filled(bodiesOf(graph.initializers.values()), shard.weights);
}

/** The same for a stage of which only its own small model is here. Null for one without large weights. */
export function standInPackOf({ initializers }: OnnxModel): Blob | null {
  const bodies = bodiesOf(initializers).filter(({ body }) => body.file === PACK_LOCATION);
  const length = Math.max(0, ...bodies.map(({ body }) => body.offset + body.length));
  return length > 0 ? filled(bodies, [{ file: PACK_LOCATION, offset: 0, length }]) : null;
}

function bodiesOf(tensors: Iterable<StoredTensor>): Body[] {
  return [...tensors].flatMap(({ body, code }) => (body ? [{ body, code }] : []));
}

function filled(bodies: readonly Body[], ranges: readonly ByteRange[]): Blob {
  const parts: Blob[] = [];
  for (const range of ranges) {
    const inside = bodies
      .flatMap(({ body, code }) => overlap(body, range, code))
      .sort((a, b) => a.offset - b.offset);
    let at = 0;
    for (const { offset, length, code } of inside) {
      // Two weights may lie on the same bytes: the first decides.
      const from = Math.max(at, offset);
      fill(parts, 0, from - at);
      fill(parts, FILLS.get(code) ?? 0, offset + length - from);
      at = Math.max(from, offset + length);
    }
    fill(parts, 0, range.length - at);
  }
  return new Blob(parts);
}

/** A tensor of harmless values, as a stand-in pack has them. */
export function standInTensor(dtype: Dtype, dims: readonly number[]): Tensor {
  const bytes = new Uint8Array(tensorBytes(dtype, dims)).fill(FILLS.get(dtypeCode(dtype)) ?? 0);
  return tensor(dtype, dims, bytes);
}

/** The part of `body` that lies in `piece`, from the piece's beginning. */
function overlap(
  body: ByteRange,
  piece: ByteRange,
  code: number,
): { offset: number; length: number; code: number }[] {
  if (body.file !== piece.file) return [];
  const start = Math.max(body.offset, piece.offset);
  const end = Math.min(body.offset + body.length, piece.offset + piece.length);
  return end > start ? [{ offset: start - piece.offset, length: end - start, code }] : [];
}

function fill(parts: Blob[], byte: number, length: number): void {
  const chunk = chunks.get(byte) ?? new Blob([new Uint8Array(CHUNK_BYTES).fill(byte)]);
  chunks.set(byte, chunk);
  for (let left = length; left > 0; left -= CHUNK_BYTES) {
    parts.push(left >= CHUNK_BYTES ? chunk : chunk.slice(0, left));
  }
}
