import { FetchError, StorageFullError } from '../../../core/errors.ts';
import type { ByteRange, ByteSource } from '../../../core/graph/byte-source.ts';
import { RecordedSource } from '../../../core/graph/recorded-source.ts';
import { blobSource } from '../../../core/opening/blob-source.ts';
import type { Progress } from '../../../core/session/state.ts';
import type { OriginCard, OriginFile } from '../../../core/weights/origin.ts';
import type { Shelf } from '../../../core/weights/shelf.ts';
import { fileAddress } from './address.ts';
import { type RecordedFile, recallGraph, rememberGraph } from './graph-record.ts';
import { httpOrigin } from './http-origin.ts';
import { recallWhole, wholeBlob } from './kept-whole.ts';
import { probeOrigin, type WholeProbe, wholeProbe } from './probe.ts';
import { rangeSource } from './range-source.ts';
import { stillThere } from './still-there.ts';
import { wholeFile } from './whole-file.ts';

export interface UrlFilesOptions {
  /** The model's absolute address. */
  readonly url: string;
  /** What is kept of it is kept under this name. */
  readonly label: string;
  readonly shelf: Shelf;
  readonly progress: (progress: Progress) => void;
  /** Ends the opening, and all reads. */
  readonly signal: AbortSignal;
}

/** A file that is read in parts, or one that is here whole. */
type OpenFile =
  | { readonly kind: 'parts'; readonly file: OriginFile; readonly source: RecordedSource }
  | { readonly kind: 'whole'; readonly blob: Blob };

/** The files of one model at an address, opened one after the other. */
export class UrlFiles {
  readonly #options: UrlFilesOptions;
  readonly #open = new Map<string, OpenFile>();
  /** What an earlier visit read, by file name; undefined until it was looked for. */
  #recorded: ReadonlyMap<string, RecordedFile> | undefined;

  constructor(options: UrlFilesOptions) {
    this.#options = options;
  }

  /** Opens a file: '' is the model itself and comes first. @throws FetchError, or the signal's reason. */
  async open(name: string): Promise<ByteSource> {
    this.#recorded ??= await this.#recall();
    const file = this.#open.get(name) ?? (await this.#find(name));
    this.#open.set(name, file);
    return file.kind === 'parts' ? file.source : blobSource(file.blob);
  }

  /** One file that cannot be had in parts makes all come whole: the devices are then served from here. */
  get whole(): boolean {
    return [...this.#open.values()].some(({ kind }) => kind === 'whole');
  }

  get card(): OriginCard | null {
    const files = [...this.#open.values()].flatMap((file) => (file.kind === 'parts' ? file.file : []));
    return this.whole ? null : { url: this.#options.url, files };
  }

  /** An opened file of a model that came whole. */
  blobOf(name: string): Blob {
    const file = this.#open.get(name);
    if (file?.kind === 'whole') return file.blob;
    throw new RangeError(`"${name}" is not here`);
  }

  /** Bytes that came with the graph, or most of them; null where they did not. */
  async atHand({ file, offset, length }: ByteRange): Promise<Uint8Array<ArrayBuffer> | null> {
    const opened = this.#open.get(file);
    return opened?.kind === 'parts' ? opened.source.complete(offset, length) : null;
  }

  /** Nothing more of the graph will be read. */
  async graphRead(): Promise<void> {
    const { shelf, url, label } = this.#options;
    const parts = [...this.#open].flatMap(([name, file]) =>
      file.kind === 'parts' ? [{ ...file, name }] : [],
    );
    if (this.whole) {
      for (const { name } of parts) {
        const answer = await wholeProbe(this.#address(name), { ...this.#options, step: stepFor(name) });
        this.#open.set(name, await this.#download(name, answer));
      }
      return;
    }
    const news = parts.some(({ name, source }) => source.fresh || !this.#recorded?.has(name));
    if (news) {
      const files = parts.map(({ file, source }) => ({ file, parts: source.parts }));
      await rememberGraph(shelf, url, label, files).catch((error: unknown) => {
        // It will be read again: no reason not to run the model.
        if (!(error instanceof StorageFullError)) throw error;
      });
    }
    for (const { source } of parts) source.forget();
  }

  async #find(name: string): Promise<OpenFile> {
    const recorded = this.#recorded?.get(name);
    if (recorded) return this.#inParts(recorded.file, recorded.parts);
    const kept = await this.#kept(name);
    if (kept) return { kind: 'whole', blob: kept };
    const step = stepFor(name);
    // A few bytes only; not a single one, which some servers answer with the whole file (sirv 3.0).
    const frontBytes = name === '' ? {} : { frontBytes: 64 };
    try {
      const probe = await probeOrigin(this.#address(name), { ...this.#options, step, ...frontBytes });
      if (probe.kind === 'whole') return await this.#download(name, probe);
      const { bytes, validator, front } = probe;
      return this.#inParts({ name, bytes, validator }, [{ offset: 0, bytes: front }]);
    } catch (error) {
      throw name !== '' && error instanceof FetchError ? withoutWeights(name, error) : error;
    }
  }

  /** What an earlier visit read, unless a file has changed since. Without a network it is believed. */
  async #recall(): Promise<ReadonlyMap<string, RecordedFile>> {
    const { shelf, url, signal } = this.#options;
    const files = (await recallGraph(shelf, url)) ?? [];
    const checks = await Promise.all(
      files.map(({ file }) => stillThere(this.#address(file.name), file, signal)),
    );
    return new Map(checks.includes('changed') ? [] : files.map((each) => [each.file.name, each]));
  }

  /** The whole file from an earlier visit, unless it has changed since. */
  async #kept(name: string): Promise<Blob | null> {
    const { shelf, signal } = this.#options;
    const address = this.#address(name);
    const kept = await recallWhole(shelf, address);
    if (!kept || (await stillThere(address, { name, ...kept }, signal)) === 'changed') return null;
    return wholeBlob(shelf, kept);
  }

  #inParts(file: OriginFile, parts: RecordedFile['parts']): OpenFile {
    const { url, signal } = this.#options;
    const source = rangeSource(httpOrigin({ url, files: [file] }), file, { signal });
    return { kind: 'parts', file, source: new RecordedSource(source, parts) };
  }

  async #download(name: string, answer: WholeProbe): Promise<OpenFile> {
    const { shelf, label, progress } = this.#options;
    const step = name === '' ? 'Downloading the model' : 'Downloading the weights';
    // In memory the browser's own Blobs do better: they may go to its disk.
    const keep = shelf.store.kind === 'disk' ? { shelf, label } : null;
    const blob = await wholeFile(answer, { url: this.#address(name), step, progress, keep });
    return { kind: 'whole', blob };
  }

  #address(name: string): string {
    return fileAddress(this.#options.url, name);
  }
}

function stepFor(name: string): string {
  return name === '' ? 'open the model' : 'find the external weights';
}

function withoutWeights(name: string, error: FetchError): FetchError {
  return new FetchError(
    `Weights of this model are in "${name}", which cannot be had: ${error.message}`,
    { ...error.data, file: name },
    { cause: error },
  );
}
