import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openModelFile } from '../../tools/split/model-file.ts';
import { languageFilesBeside } from './generate.ts';

/** A model on disk with all its files. */
export interface LabModel {
  readonly path: string;
  readonly name: string;
  /** Locations of its external data, relative to the model. */
  readonly external: readonly string[];
  /** The model first; what belongs to a model that writes last. */
  readonly paths: readonly string[];
  /** Of the model and its data. */
  readonly bytes: number;
}

/** @throws ModelFormatError, FetchError */
export async function labModel(path: string): Promise<LabModel> {
  const { externalFiles: external } = await openModelFile(path);
  const paths = [path, ...external.map((location) => join(dirname(path), location))];
  const bytes = paths.reduce((sum, each) => sum + statSync(each).size, 0);
  return { path, name: basename(path), external, paths: [...paths, ...languageFilesBeside(path)], bytes };
}
