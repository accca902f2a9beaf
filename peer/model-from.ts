import { openAsBlob } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { urlSource } from '../app/session/origin/url-source.ts';
import { ModelFormatError } from '../core/errors.ts';
import { fileSource } from '../core/opening/file-source.ts';
import { openModel, type Provenance } from '../core/opening/open-model.ts';
import type { OpenModel } from '../core/runtime/open-model.ts';
import type { Progress } from '../core/session/state.ts';
import type { Shelf } from '../core/weights/shelf.ts';

/** Opens a model from this computer, or from an address. @throws ModelFormatError, FetchError */
export async function modelFrom(
  where: string,
  shelf: Shelf,
  progress: (progress: Progress) => void,
): Promise<OpenModel> {
  const options = { progress, labels: readLabels };
  if (/^https?:\/\//.test(where)) {
    const source = await urlSource(where, shelf, progress, new AbortController().signal);
    return openModel(source, about(source.name, 'A model from the web.', 'url'), shelf, options);
  }
  const source = fileSource(await filesAt(where));
  return openModel(source, about(nameOf(where), 'A model from a peer.', 'file'), shelf, options);
}

/** The file's name, or its folder's, where repositories give every model's file the same one. */
function nameOf(path: string): string {
  const [name = '', ...folders] = resolve(path).split(sep).reverse();
  const own = name.replace(/\.onnx$/i, '');
  if (!/^(decoder_)?model([_-].*)?$/i.test(own)) return own;
  return folders.find((folder) => folder !== 'onnx') || own;
}

function about(name: string, text: string, source: Provenance['source']): Provenance {
  return { name, about: text, source };
}

/** The model file, and all else of its folder that may belong to it; nothing is read yet. */
async function filesAt(path: string): Promise<readonly File[]> {
  const folder = dirname(path);
  const isThere = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isThere) {
    const data = { step: 'open the model', expected: 'a file', actual: path };
    throw new ModelFormatError(`There is no file ${path}.`, data);
  }
  const entries = await readdir(folder, { withFileTypes: true });
  const others = entries.filter((entry) => entry.isFile() && entry.name !== basename(path));
  // Another model in the same folder is none of this one's.
  const names = others.map(({ name }) => name).filter((name) => !/\.onnx$/i.test(name));
  return Promise.all([basename(path), ...names].map((name) => fileAt(join(folder, name))));
}

/** A File that stays on the disk: its parts are read when they are asked for. */
async function fileAt(path: string): Promise<File> {
  const blob = await openAsBlob(path);
  return Object.defineProperty(blob, 'name', { value: basename(path) }) as File;
}

async function readLabels(set: string): Promise<readonly string[] | null> {
  const path = new URL(`../public/labels/${set}.json`, import.meta.url);
  return readFile(path, 'utf8').then(
    (text) => JSON.parse(text) as string[],
    () => null,
  );
}
