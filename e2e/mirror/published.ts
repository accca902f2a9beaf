import { open, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';

/** A file as a mirror publishes it. */
export interface Published {
  readonly bytes: number;
  readonly etag: string;
  readonly modified: Date;
  /** Bytes [start, end), in chunks that are small enough to slow down. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

const CHUNK_BYTES = 64 * 1024;

/** Bytes in memory. */
export function publishedBytes(content: Uint8Array): Published {
  return {
    bytes: content.byteLength,
    etag: `"memory-${content.byteLength}"`,
    modified: new Date(0),
    async *read(start, end) {
      for (let at = start; at < end; at += CHUNK_BYTES)
        yield content.subarray(at, Math.min(end, at + CHUNK_BYTES));
    },
  };
}

/** A file of a folder, or null. `path` is the decoded path of an address. */
export async function publishedFile(folder: string, path: string): Promise<Published | null> {
  const name = join(folder, normalize(`/${path}`));
  const found = await stat(name).catch(() => null);
  if (!found?.isFile()) return null;
  return {
    bytes: found.size,
    etag: `"${found.size}-${Math.round(found.mtimeMs)}"`,
    modified: found.mtime,
    async *read(start, end) {
      const file = await open(name);
      try {
        for (let at = start; at < end; ) {
          const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, end - at));
          const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
          if (bytesRead === 0) return;
          yield chunk.subarray(0, bytesRead);
          at += bytesRead;
        }
      } finally {
        await file.close();
      }
    },
  };
}
