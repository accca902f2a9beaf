import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Network, Weight } from './draft.ts';
import { FileSink, type WrittenFile } from './file-sink.ts';
import { DATA_FILE, layoutOf, type Part, sizeOf, weightBytes } from './layout.ts';
import { keyOf } from './random.ts';

/** How a network is written. */
export interface WriteOptions {
  readonly seed: number;
  /** All weights inside model.onnx, for networks under 2 GB. */
  readonly oneFile: boolean;
  /** Told after each piece how many bytes are written, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Weights are made and written in pieces of this size; a multiple of 8, as a Fill wants. */
const PIECE = 4 * 1024 * 1024;
/** No protobuf message may be as long. */
const MESSAGE_LIMIT = 2 ** 31;

/**
 * Writes `model.onnx`, and `model.onnx_data` beside it unless all goes into one file. Holds one piece of a weight
 * at a time. Throws RangeError when one file would be too long for protobuf.
 */
export async function writeNetwork(
  folder: string,
  network: Network,
  { seed, oneFile, onProgress = () => {} }: WriteOptions,
): Promise<readonly WrittenFile[]> {
  const { model, data } = layoutOf(network, oneFile);
  if (sizeOf(model) >= MESSAGE_LIMIT)
    throw new RangeError('one file holds less than 2 GiB: leave out --one-file');
  await mkdir(folder, { recursive: true });
  const total = sizeOf(model) + sizeOf(data);
  const piece = new Uint8Array(PIECE);
  let done = 0;
  const write = async (name: string, parts: readonly Part[]): Promise<WrittenFile> => {
    const file = await FileSink.open(join(folder, name));
    for (const part of parts) {
      for (const bytes of part instanceof Uint8Array ? [part] : pieces(part)) {
        await file.write(bytes);
        done += bytes.length;
        onProgress(done, total);
      }
    }
    return await file.close();
  };
  return data.length > 0
    ? [await write('model.onnx', model), await write(DATA_FILE, data)]
    : [await write('model.onnx', model)];

  /** The values of a weight in one buffer after another, which is the same each time. */
  function* pieces(weight: Weight): Generator<Uint8Array<ArrayBuffer>> {
    const key = keyOf(seed, weight.name);
    const length = weightBytes(weight);
    for (let offset = 0; offset < length; offset += PIECE) {
      const bytes = piece.subarray(0, Math.min(PIECE, length - offset));
      weight.fill(bytes, offset, key);
      yield bytes;
    }
  }
}
