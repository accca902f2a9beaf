import { open, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FetchError, messageOf } from '../../core/errors.ts';
import type { ByteSource } from '../../core/graph/byte-source.ts';
import { type ModelGraph, modelGraph } from '../../core/graph/model-graph.ts';
import { readModel } from '../../core/graph/onnx-model.ts';

/** A model on disk, read by ranges, with its external data files beside it. */
export interface ModelFile {
  readonly path: string;
  readonly graph: ModelGraph;
  /** '' is the model itself. */
  readonly sourceOf: (file: string) => ByteSource;
  readonly externalFiles: readonly string[];
}

/** A model as it is, for the runtime alone. */
export interface WholeModel {
  readonly model: Uint8Array;
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[];
}

/** Opens a model; throws ModelFormatError or FetchError. */
export async function openModelFile(path: string): Promise<ModelFile> {
  const source = await openSource(path);
  const located = await readModel(source);
  const names = located.initializers.flatMap(({ body }) => (body && body.file !== '' ? body.file : []));
  const externalFiles = [...new Set(names)];
  const sources = new Map([['', source]]);
  for (const file of externalFiles) sources.set(file, await openSource(join(dirname(path), file)));
  const sourceOf = (file: string): ByteSource => {
    const found = sources.get(file);
    if (found) return found;
    throw new RangeError(`"${file}" is not one of the model's files`);
  };
  const model = await readModel(source, { externalSource: sourceOf });
  return { path, graph: modelGraph(model), sourceOf, externalFiles };
}

/** Reads a model and its external data, for a run that owes nothing to our cutting. */
export async function wholeModel({ path, externalFiles }: ModelFile): Promise<WholeModel> {
  const externalData = externalFiles.map(async (file) => ({
    path: file,
    data: await readFile(join(dirname(path), file)),
  }));
  return { model: await readFile(path), externalData: await Promise.all(externalData) };
}

async function openSource(path: string): Promise<ByteSource> {
  const { size } = await stat(path).catch((error: unknown) => {
    const message = `The file ${path} cannot be opened.`;
    const data = { step: 'open the model', expected: 'a file', actual: messageOf(error) };
    throw new FetchError(message, data, { cause: error });
  });
  return { size, read: (offset, length) => readExactly(path, offset, length) };
}

async function readExactly(path: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  // Opened for each of the few, large reads: nothing stays open that someone would have to close.
  const handle = await open(path);
  try {
    for (let done = 0; done < length; ) {
      const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) {
        const expected = `${offset + length} bytes`;
        const actual = `${offset + done} bytes`;
        throw new FetchError(`${path} ended early.`, { step: 'read the model', expected, actual });
      }
      done += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}
