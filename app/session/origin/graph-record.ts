import type { Span, SparseBytes } from '../../../core/graph/sparse-bytes.ts';
import { isSha256, type Sha256 } from '../../../core/ids.ts';
import type { OriginFile } from '../../../core/weights/origin.ts';
import type { Shelf } from '../../../core/weights/shelf.ts';

/** What was read of one file while its model's graph was read. */
export interface RecordedFile {
  readonly file: OriginFile;
  readonly parts: SparseBytes['parts'];
}

/** A graph is some megabytes; more than this is not kept twice for the sake of a quick start. */
const MOST_BYTES = 64 * 1024 ** 2;
const MOST_FILES = 1024;

/**
 * What an earlier visit read of the model at `url`, the model's own file first; null when it was never read, or
 * was evicted, or is damaged. One version of each address is kept, so that it is found without a network.
 */
export async function recallGraph(shelf: Shelf, url: string): Promise<readonly RecordedFile[] | null> {
  const index = readIndex(await shelf.store.recall(keyOf(url)));
  const blob = index && (await shelf.find(index.hash));
  if (!index || blob?.size !== sizeOf(index.files)) return null;
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let at = 0;
  return index.files.map(({ file, spans }) => ({
    file,
    parts: spans.map(({ offset, length }) => {
      at += length;
      return { offset, bytes: bytes.subarray(at - length, at) };
    }),
  }));
}

/** Keeps what was read, as one piece under `label`. @throws StorageFullError */
export async function rememberGraph(
  shelf: Shelf,
  url: string,
  label: string,
  files: readonly RecordedFile[],
): Promise<void> {
  const index = files.map(({ file, parts }) => ({ file, spans: joined(parts) }));
  const size = sizeOf(index);
  if (size === 0 || size > MOST_BYTES) return;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of files.flatMap(({ parts }) => parts)) {
    bytes.set(part.bytes, at);
    at += part.bytes.byteLength;
  }
  const hash = await shelf.digest(bytes);
  await shelf.keep(label, hash, bytes);
  const written: StoredIndex = {
    hash,
    files: index.map(({ file, spans }) => ({ ...file, spans: spans.flatMap((s) => [s.offset, s.length]) })),
  };
  await shelf.store.remember(keyOf(url), written);
}

/** The form in the store: spans as offset, length, offset, length, ... */
interface StoredIndex {
  readonly hash: Sha256;
  readonly files: readonly (OriginFile & { readonly spans: readonly number[] })[];
}

interface Index {
  readonly hash: Sha256;
  readonly files: readonly { readonly file: OriginFile; readonly spans: readonly Span[] }[];
}

function keyOf(url: string): string {
  return `graph:${url}`;
}

function sizeOf(files: readonly { readonly spans: readonly Span[] }[]): number {
  return files.reduce((sum, { spans }) => spans.reduce((of, { length }) => of + length, sum), 0);
}

/** Parts that touch are one. */
function joined(parts: RecordedFile['parts']): Span[] {
  const spans: { offset: number; length: number }[] = [];
  for (const { offset, bytes } of parts) {
    const last = spans.at(-1);
    if (last && last.offset + last.length === offset) last.length += bytes.byteLength;
    else spans.push({ offset, length: bytes.byteLength });
  }
  return spans;
}

/** The store is foreign too: other versions of this page wrote there. */
function readIndex(document: unknown): Index | null {
  const { hash, files } = (document ?? {}) as Partial<Record<keyof StoredIndex, unknown>>;
  if (typeof hash !== 'string' || !isSha256(hash) || !Array.isArray(files)) return null;
  if (files.length === 0 || files.length > MOST_FILES) return null;
  const read = files.map(readFile);
  const whole = read.filter((file) => file !== null);
  return whole.length === read.length && whole[0]?.file.name === '' ? { hash, files: whole } : null;
}

function readFile(stored: unknown): Index['files'][number] | null {
  const { name, bytes, validator, spans } = (stored ?? {}) as Partial<Record<string, unknown>>;
  if (typeof name !== 'string' || !isCount(bytes) || !Array.isArray(spans)) return null;
  if (validator !== null && typeof validator !== 'string') return null;
  const read: Span[] = [];
  let end = 0;
  for (let at = 0; at < spans.length; at += 2) {
    const offset: unknown = spans[at];
    const length: unknown = spans[at + 1];
    if (!isCount(offset) || !isCount(length) || offset < end || offset + length > bytes) return null;
    end = offset + length;
    read.push({ offset, length });
  }
  return { file: { name, bytes, validator }, spans: read };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
