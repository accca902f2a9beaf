import { ModelFormatError } from '../errors.ts';
import type { ByteRange, ByteSource } from './byte-source.ts';

/** The pack of a shard as slices of the files where its weights lie: nothing is read or copied yet. */
export function packBlob(ranges: readonly ByteRange[], blobOf: (file: string) => Blob): Blob {
  return new Blob(
    ranges.map((range) => {
      const blob = blobOf(range.file);
      checkEnd(range, blob.size);
      return blob.slice(range.offset, range.offset + range.length);
    }),
  );
}

/** The pack of a shard in memory. */
export async function packBytes(
  ranges: readonly ByteRange[],
  sourceOf: (file: string) => ByteSource,
): Promise<Uint8Array<ArrayBuffer>> {
  const pack = new Uint8Array(ranges.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const range of ranges) {
    const source = sourceOf(range.file);
    checkEnd(range, source.size);
    pack.set(await source.read(range.offset, range.length), offset);
    offset += range.length;
  }
  return pack;
}

function checkEnd({ file, offset, length }: ByteRange, size: number): void {
  if (offset + length <= size) return;
  const name = file === '' ? 'The model file' : `The weights file "${file}"`;
  throw new ModelFormatError(`${name} is shorter than the model says.`, {
    step: 'read the weights',
    expected: `at least ${offset + length} bytes`,
    actual: `${size} bytes`,
  });
}
