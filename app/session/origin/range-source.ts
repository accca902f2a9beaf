import { ModelFormatError } from '../../../core/errors.ts';
import type { ByteSource } from '../../../core/graph/byte-source.ts';
import type { Origin, OriginFile } from '../../../core/weights/origin.ts';
import { type RetryOptions, withRetry } from './retry.ts';

/** Random access to a file at its origin. A read that breaks off goes on where it stopped, at most twice. */
export function rangeSource(origin: Origin, file: OriginFile, options: RetryOptions): ByteSource {
  return {
    size: file.bytes,
    read: async (offset, length) => {
      if (offset + length > file.bytes) throw endsEarly(file, offset + length);
      const bytes = new Uint8Array(length);
      let filled = 0;
      await withRetry(async () => {
        const rest = origin.read(file.name, offset + filled, length - filled, options.signal);
        for await (const chunk of rest) {
          bytes.set(chunk, filled);
          filled += chunk.byteLength;
        }
      }, options);
      return bytes;
    },
  };
}

function endsEarly({ name, bytes }: OriginFile, needed: number): ModelFormatError {
  const what = name === '' ? 'The file' : `"${name}"`;
  return new ModelFormatError(`${what} ends at byte ${bytes}, but the model goes on to ${needed}.`, {
    step: 'read the model file',
    expected: `${needed} bytes`,
    actual: `${bytes} bytes`,
  });
}
