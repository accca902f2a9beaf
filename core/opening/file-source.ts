import { ModelFormatError } from '../errors.ts';
import { blobSource } from './blob-source.ts';
import type { ModelSource } from './model-source.ts';

/** Files that a person dropped or picked together: one model and, where it has any, its external data. They stay on disk. */
export function fileSource(files: readonly File[]): ModelSource {
  const main = files.find((file) => /\.onnx$/i.test(file.name)) ?? files[0];
  if (!main) {
    throw new ModelFormatError('No file was chosen.', {
      step: 'choose a file',
      expected: 'one .onnx file',
      actual: 'none',
    });
  }
  const find = (location: string): File => {
    if (location === '') return main;
    const file = files.find((candidate) => candidate.name === location.split('/').at(-1));
    if (file) return file;
    throw new ModelFormatError(`The weights of this model are in "${location}". Drop both files together.`, {
      step: 'find the external weights',
      expected: location,
      actual: files.map((each) => each.name).join(', '),
    });
  };
  return {
    name: main.name.replace(/\.onnx$/i, ''),
    main: blobSource(main),
    external: async (location) => blobSource(find(location)),
    blobOf: find,
    origin: () => null,
    atHand: async () => null,
    hashOf: () => null,
    beside: async (name) => files.find((file) => file.name === name) ?? null,
    graphRead: async () => undefined,
  };
}
