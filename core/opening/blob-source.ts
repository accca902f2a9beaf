import { ModelFormatError } from '../errors.ts';
import type { ByteSource } from '../graph/byte-source.ts';

/** A ByteSource over a Blob. */
export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    read: async (offset, length) => {
      const bytes = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      if (bytes.byteLength === length) return bytes;
      throw new ModelFormatError(
        `The file ends at byte ${blob.size}, but the model goes on to ${offset + length}.`,
        {
          step: 'read the model file',
          expected: `${offset + length} bytes`,
          actual: `${blob.size} bytes`,
        },
      );
    },
  };
}
