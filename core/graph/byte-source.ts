import { ModelFormatError } from '../errors.ts';

/**
 * Random access to the bytes of a model file, wherever they are: a Blob, a URL with Range, a buffer.
 * `read` resolves to exactly `length` bytes or rejects with ModelFormatError (file too short) or FetchError.
 */
export interface ByteSource {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A run of bytes in the model file (`file` is '') or in the external data file named `file`. */
export interface ByteRange {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** A ByteSource over bytes already in memory; slices are views. */
export function memorySource(bytes: Uint8Array<ArrayBuffer>): ByteSource {
  return {
    size: bytes.byteLength,
    read: async (offset, length) => {
      if (offset + length > bytes.byteLength) {
        throw new ModelFormatError('The file is shorter than the model says.', {
          step: 'read the model',
          expected: `at least ${offset + length} bytes`,
          actual: `${bytes.byteLength} bytes`,
        });
      }
      return bytes.subarray(offset, offset + length);
    },
  };
}
