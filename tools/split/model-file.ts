import { type FileHandle, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FetchError } from '../../core/errors.ts';
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

/** Opens a model; throws ModelFormatError or FetchError. The files stay open until the process ends. */
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

/** The model as it is, for a run of the whole that owes nothing to our cutting. */
export async function wholeBytes({ path, externalFiles }: ModelFile): Promise<{
  model: Uint8Array;
  externalData: { path: string; data: Uint8Array }[];
}> {
  const externalData = externalFiles.map(async (file) => ({
    path: file,
    data: await readFile(join(dirname(path), file)),
  }));
  return { model: await readFile(path), externalData: await Promise.all(externalData) };
}

async function openSource(path: string): Promise<ByteSource> {
  const handle = await open(path).catch((error: unknown) => {
    const message = `The file ${path} cannot be opened.`;
    throw new FetchError(
      message,
      { step: 'open the model', expected: 'a file', actual: 'none' },
      { cause: error },
    );
  });
  const { size } = await handle.stat();
  return { size, read: (offset, length) => readExactly(handle, path, offset, length) };
}

async function readExactly(
  handle: FileHandle,
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) {
      const actual = `${offset + done} bytes`;
      throw new FetchError(`${path} ended early.`, {
        step: 'read the model',
        expected: `${offset + length} bytes`,
        actual,
      });
    }
    done += bytesRead;
  }
  return bytes;
}
