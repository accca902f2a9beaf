import { openAsBlob } from 'node:fs';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSha256, type Sha256 } from '../../core/ids.ts';
import type { PieceFiles } from '../../worker/store/piece-files.ts';

/** Pieces as files of a folder, which together take at most `roomBytes`. */
export class FolderFiles implements PieceFiles {
  readonly #folder: string;
  readonly #roomBytes: number;
  /** What each file takes, or will when it is written. */
  readonly #sizes: Map<Sha256, number> = new Map();

  private constructor(folder: string, roomBytes: number) {
    this.#folder = folder;
    this.#roomBytes = roomBytes;
  }

  /** Makes the folder where there is none. */
  static async open(folder: string, roomBytes: number = Number.POSITIVE_INFINITY): Promise<FolderFiles> {
    await mkdir(folder, { recursive: true });
    const files = new FolderFiles(folder, roomBytes);
    for (const name of await readdir(folder)) {
      if (isSha256(name)) files.#sizes.set(name, (await stat(join(folder, name))).size);
    }
    return files;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const size of this.#sizes.values()) bytes += size;
    return bytes;
  }

  get roomBytes(): number | null {
    return Number.isFinite(this.#roomBytes) ? this.#roomBytes : null;
  }

  async write(hash: Sha256, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const others = this.usedBytes - (this.#sizes.get(hash) ?? 0);
    if (others + bytes.byteLength > this.#roomBytes) throw full(`${others} bytes are taken`);
    this.#sizes.set(hash, bytes.byteLength);
    try {
      await writeFile(join(this.#folder, hash), bytes);
    } catch (error) {
      throw isDiskFull(error) ? full('the disk is full') : error;
    }
  }

  async read(hash: Sha256): Promise<Blob | null> {
    try {
      return await openAsBlob(join(this.#folder, hash));
    } catch (error) {
      // Node says only that it could not open it; whoever misses a piece gets it anew.
      if (!this.#sizes.has(hash) || isMissing(error)) return null;
      throw error;
    }
  }

  async remove(hash: Sha256): Promise<void> {
    await rm(join(this.#folder, hash), { force: true });
    this.#sizes.delete(hash);
  }

  async list(): Promise<readonly Sha256[]> {
    return (await readdir(this.#folder)).filter(isSha256);
  }
}

/** As browsers name it, so that the store makes room. */
function full(why: string): DOMException {
  return new DOMException(`No room for a piece: ${why}.`, 'QuotaExceededError');
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function isDiskFull(error: unknown): boolean {
  return codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ERR_INVALID_ARG_VALUE';
}
