import type { Epoch, RequestId } from '../ids.ts';
import type { StageTiming } from '../session/state.ts';
import { dtypeCode, dtypeFromCode, elementBytes } from '../tensor/dtype.ts';
import { MAX_DIMS, type Tensor } from '../tensor/tensor.ts';
import { Checksum } from './checksum.ts';
import type { Activation } from './frame.types.ts';
import { atLeast, atMost, malformed } from './frame-checks.ts';
import { decodeBytes, readDecode, writeDecode } from './frame-decode.ts';
import { JOINED_BYTES, readJoined, readPeer, writeJoined, writePeer } from './frame-joined.ts';

/**
 * An Activation as bytes, little-endian:
 *
 *     0   magic "PLA5"      4   checksum u32       8   epoch f64, a whole number
 *     16  origin, 8 bytes of the peer id
 *     24  request u32       28  sequence u32       32  step u32
 *     36  microBatch u16    38  microBatches u16   40  stage u16           42  trail length u16
 *     44  tensor count u16  46  decoders u16: how many texts a decoder goes on with, 0 in all other runs
 *     48  trail:   stage u32, computeMs f32, queueMs f32          12 bytes each
 *         decoders: the first text's decode, see `frame-decode.ts`; of each other text
 *                  origin, 8 bytes; request u32; sequence u32; step u32; 0 u32; then its decode
 *         tensors: dtype u8, rank u8, 0 u16, byte length u32, dims u32 each
 *         padding to a multiple of 8
 *         the tensors' bytes, each padded with zeros to a multiple of 8, so that typed views need no copy
 *
 * The checksum is that of the whole message with 0 in its own place.
 */
const MAGIC = 0x35414c50;
const CHECKSUM = 4;
const EPOCH = 8;
const ORIGIN = EPOCH + 8;
const REQUEST = ORIGIN + 8;
const SEQUENCE = REQUEST + 4;
const STEP = SEQUENCE + 4;
const MICRO_BATCH = STEP + 4;
const MICRO_BATCHES = MICRO_BATCH + 2;
const STAGE = MICRO_BATCHES + 2;
const TRAIL = STAGE + 2;
const TENSORS = TRAIL + 2;
const DECODERS = TENSORS + 2;
const FIXED_BYTES = DECODERS + 2;
const TIMING_BYTES = 12;
const TENSOR_BYTES = 8;
const DIM_BYTES = 4;
const ALIGNMENT = 8;

/** A cut with more live values would cost more to send than the layers save; small enough to read in no time. */
const MAX_TENSORS = 256;
/** Stages of a plan: one per device, 32 in a room. */
const MAX_TRAIL = 256;
/** Beyond this, texts that are written together gain nothing more. */
export const MAX_JOINED: number = 32;

/**
 * The parts of a message to send: a header and views of the tensors with padding between; tensor bytes are
 * not copied, so they must not change until the message is sent.
 * @throws ProtocolError when the activation breaks a limit of the layout.
 */
export function encodeActivation(activation: Activation): Uint8Array<ArrayBuffer>[] {
  const { trail, tensors, decode, joined = [] } = activation;
  const texts = decode ? [decode, ...joined.map((each) => each.decode)] : [];
  atMost('texts', texts.length, MAX_JOINED);
  atMost('tensors', tensors.length, MAX_TENSORS);
  atMost('stages in the trail', trail.length, MAX_TRAIL);
  for (const tensor of tensors) atMost('dims', tensor.dims.length, MAX_DIMS);
  const dims = tensors.reduce((sum, tensor) => sum + tensor.dims.length, 0);
  const asked = texts.reduce((sum, each) => sum + decodeBytes(each), joined.length * JOINED_BYTES);
  const described = tensors.length * TENSOR_BYTES + dims * DIM_BYTES;
  const used = FIXED_BYTES + trail.length * TIMING_BYTES + asked + described;
  const header = new Uint8Array(aligned(used));
  const view = new DataView(header.buffer);
  view.setUint32(0, MAGIC, true);
  view.setFloat64(EPOCH, activation.epoch, true);
  writePeer(view, ORIGIN, activation.origin);
  view.setUint32(REQUEST, activation.request, true);
  view.setUint32(SEQUENCE, activation.sequence, true);
  view.setUint32(STEP, activation.step, true);
  view.setUint16(MICRO_BATCH, activation.microBatch, true);
  view.setUint16(MICRO_BATCHES, activation.microBatches, true);
  view.setUint16(STAGE, activation.stage, true);
  view.setUint16(TRAIL, trail.length, true);
  view.setUint16(TENSORS, tensors.length, true);
  view.setUint16(DECODERS, texts.length, true);
  let at = FIXED_BYTES;
  for (const timing of trail) {
    view.setUint32(at, timing.stage, true);
    view.setFloat32(at + 4, timing.computeMs, true);
    view.setFloat32(at + 8, timing.queueMs, true);
    at += TIMING_BYTES;
  }
  if (decode) at = writeDecode(view, at, decode);
  for (const run of joined) at = writeJoined(view, at, run);
  const parts: Uint8Array<ArrayBuffer>[] = [header];
  for (const tensor of tensors) {
    view.setUint8(at, dtypeCode(tensor.dtype));
    view.setUint8(at + 1, tensor.dims.length);
    view.setUint32(at + 4, tensor.data.byteLength, true);
    at += TENSOR_BYTES;
    for (const dim of tensor.dims) {
      view.setUint32(at, dim, true);
      at += DIM_BYTES;
    }
    const padding = aligned(tensor.data.byteLength) - tensor.data.byteLength;
    if (tensor.data.byteLength > 0) parts.push(tensor.data);
    if (padding > 0) parts.push(new Uint8Array(padding));
  }
  const checksum = new Checksum();
  checksum.add(header);
  for (const { data } of tensors) checksum.add(data);
  view.setUint32(CHECKSUM, checksum.sum, true);
  return parts;
}

/**
 * The tensors are views into `message`, whose own offset in its buffer should be a multiple of 8.
 * @throws ProtocolError for anything that is not exactly one activation.
 */
export function decodeActivation(message: Uint8Array<ArrayBuffer>): Activation {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  atLeast('header', view.byteLength, FIXED_BYTES);
  if (view.getUint32(0, true) !== MAGIC) throw malformed('the magic PLA5', 'something else');
  const trailLength = view.getUint16(TRAIL, true);
  const tensorCount = view.getUint16(TENSORS, true);
  atMost('stages in the trail', trailLength, MAX_TRAIL);
  atMost('tensors', tensorCount, MAX_TENSORS);
  const microBatch = view.getUint16(MICRO_BATCH, true);
  const microBatches = view.getUint16(MICRO_BATCHES, true);
  if (microBatch >= microBatches) {
    throw malformed('a micro-batch below their number', `${microBatch} of ${microBatches}`);
  }
  const sequence = view.getUint32(SEQUENCE, true);
  const step = view.getUint32(STEP, true);
  if (sequence === 0 && step > 0) throw malformed('a sequence of several steps', `step ${step} of none`);
  let at = FIXED_BYTES + trailLength * TIMING_BYTES;
  atLeast('trail', view.byteLength, at);
  const texts = view.getUint16(DECODERS, true);
  atMost('texts', texts, MAX_JOINED);
  const decode = texts > 0 ? readDecode(view, at) : undefined;
  if (decode && sequence === 0) throw malformed('a sequence where a decoder runs', 'none');
  at += decode ? decodeBytes(decode) : 0;
  const joined = Array.from({ length: Math.max(0, texts - 1) }, () => {
    const run = readJoined(view, at);
    at += JOINED_BYTES + decodeBytes(run.decode);
    return run;
  });
  const shapes = Array.from({ length: tensorCount }, () => {
    const shape = readShape(view, at);
    at += TENSOR_BYTES + shape.dims.length * DIM_BYTES;
    return shape;
  });
  at = aligned(at);
  const tensors = shapes.map(({ dtype, dims, byteLength }): Tensor => {
    const end = at + aligned(byteLength);
    atLeast('tensor data', view.byteLength, end);
    const data = message.subarray(at, at + byteLength);
    at = end;
    return { dtype, dims, data };
  });
  if (at !== view.byteLength) throw malformed(`${at} bytes`, `${view.byteLength} bytes`);
  check(message, view.getUint32(CHECKSUM, true));
  return {
    epoch: readEpoch(view),
    origin: readPeer(view, ORIGIN),
    request: view.getUint32(REQUEST, true) as RequestId,
    sequence,
    step,
    ...(decode && { decode }),
    ...(joined.length > 0 && { joined }),
    microBatch,
    microBatches,
    stage: view.getUint16(STAGE, true),
    trail: Array.from({ length: trailLength }, (_, index) => readTiming(view, index)),
    tensors,
  };
}

/** @throws ProtocolError for bytes that are not those that were sent. */
function check(message: Uint8Array<ArrayBuffer>, expected: number): void {
  const start = message.slice(0, EPOCH);
  start.fill(0, CHECKSUM);
  const checksum = new Checksum();
  checksum.add(start);
  checksum.add(message.subarray(EPOCH));
  if (checksum.sum === expected) return;
  const hex = (sum: number): string => sum.toString(16).padStart(8, '0');
  throw malformed(`the checksum ${hex(expected)}`, hex(checksum.sum));
}

function readEpoch(view: DataView): Epoch {
  const epoch = view.getFloat64(EPOCH, true);
  if (Number.isSafeInteger(epoch) && epoch >= 0) return epoch as Epoch;
  throw malformed('a whole number as epoch', `${epoch}`);
}

function readTiming(view: DataView, index: number): StageTiming {
  const at = FIXED_BYTES + index * TIMING_BYTES;
  const timing = {
    stage: view.getUint32(at, true),
    computeMs: view.getFloat32(at + 4, true),
    queueMs: view.getFloat32(at + 8, true),
  };
  if (!(timing.computeMs >= 0 && timing.queueMs >= 0 && timing.computeMs + timing.queueMs < Infinity)) {
    throw malformed('times of 0 ms or more', `${timing.computeMs} and ${timing.queueMs} ms`);
  }
  return timing;
}

function readShape(
  view: DataView,
  at: number,
): { dtype: Tensor['dtype']; dims: number[]; byteLength: number } {
  atLeast('tensor entry', view.byteLength, at + TENSOR_BYTES);
  const code = view.getUint8(at);
  const dtype = dtypeFromCode(code);
  if (!dtype) throw malformed('a known element type', `type ${code}`);
  const rank = view.getUint8(at + 1);
  atMost('dims', rank, MAX_DIMS);
  atLeast('dims', view.byteLength, at + TENSOR_BYTES + rank * DIM_BYTES);
  const dims = Array.from({ length: rank }, (_, d) =>
    view.getUint32(at + TENSOR_BYTES + d * DIM_BYTES, true),
  );
  const byteLength = view.getUint32(at + 4, true);
  // Sixteen dims of 2^32 overflow to a finite double far above any byte length, so the comparison holds.
  const expected = dims.reduce((product, dim) => product * dim, elementBytes(dtype));
  if (expected !== byteLength)
    throw malformed(`${expected} bytes for ${dtype} [${dims}]`, `${byteLength} bytes`);
  return { dtype, dims, byteLength };
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
