import type { ByteSource } from './byte-source.ts';
import { textField, varintField } from './protobuf-writer.ts';

/** For tests: files that are too large to hold, and what is read of them. */

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes, or a number of zeros. */
export type Part = Bytes | number;

/** A source of the parts end to end; zeros take no memory until they are read. */
export function sparseSource(parts: readonly Part[]): ByteSource {
  let size = 0;
  const placed = parts.map((part) => {
    const start = size;
    size += lengthOf(part);
    return { part, start, end: size };
  });
  return {
    size,
    read: async (offset, length) => {
      const bytes = new Uint8Array(length);
      for (const { part, start, end } of placed) {
        if (typeof part === 'number' || end <= offset || start >= offset + length) continue;
        const from = Math.max(start, offset);
        bytes.set(part.subarray(from - start, Math.min(end, offset + length) - start), from - offset);
      }
      return bytes;
    },
  };
}

/** A length-delimited field around parts. */
export function nested(number: number, parts: readonly Part[]): Part[] {
  const length = parts.reduce<number>((sum, part) => sum + lengthOf(part), 0);
  // Tag and length are written as two varint fields would be, without the first one's tag.
  return [varintField(1, number * 8 + 2).subarray(1), varintField(1, length).subarray(1), ...parts];
}

/** A float32 weight of zeros. */
export function zeros(name: string, count: number): Part[] {
  const head = [varintField(1, count), varintField(2, 1), textField(8, name)];
  return [...head, ...nested(9, [count * 4])];
}

/** The same source, and the reads it was asked for. */
export function recorded(
  source: ByteSource,
): ByteSource & { readonly reads: { offset: number; length: number }[] } {
  const reads: { offset: number; length: number }[] = [];
  return {
    size: source.size,
    reads,
    read: (offset, length) => {
      reads.push({ offset, length });
      return source.read(offset, length);
    },
  };
}

function lengthOf(part: Part): number {
  return typeof part === 'number' ? part : part.length;
}
