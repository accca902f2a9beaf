import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';

/** A file that has been written. */
export interface WrittenFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A file written from front to back, hashed on the way. */
export class FileSink {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  static async open(path: string): Promise<FileSink> {
    return new FileSink(path, await open(path, 'w'));
  }

  /** Appends all of `bytes`; they may be reused once it resolves. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    for (let done = 0; done < bytes.length; ) {
      done += (await this.#handle.write(bytes, done, bytes.length - done)).bytesWritten;
    }
    this.#bytes += bytes.length;
  }

  async close(): Promise<WrittenFile> {
    await this.#handle.close();
    return { name: basename(this.#path), bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}
