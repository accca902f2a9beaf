import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openModelFile } from '../../tools/split/model-file.ts';

/** A model on disk with all its files. */
export interface LabModel {
  readonly path: string;
  readonly name: string;
  /** Locations of its external data, relative to the model. */
  readonly external: readonly string[];
  /** The model first. */
  readonly paths: readonly string[];
  readonly bytes: number;
}

/** @throws ModelFormatError, FetchError */
export async function labModel(path: string): Promise<LabModel> {
  const { externalFiles: external } = await openModelFile(path);
  const paths = [path, ...external.map((location) => join(dirname(path), location))];
  const bytes = paths.reduce((sum, each) => sum + statSync(each).size, 0);
  return { path, name: basename(path), external, paths, bytes };
}
