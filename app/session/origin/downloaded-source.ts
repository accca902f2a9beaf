import { blobSource } from '../../../core/opening/blob-source.ts';
import type { ModelSource } from '../../../core/opening/model-source.ts';
import type { Progress } from '../../../core/session/state.ts';
import { fileAddress, modelAddress, modelName } from './address.ts';
import { wholeProbe } from './probe.ts';
import { wholeFile } from './whole-file.ts';

/**
 * A small model that is taken whole and left to the browser's own cache, as one that belongs to the page. Other devices
 * find it at the same path of `origin`. @throws FetchError
 */
export async function downloadedSource(
  address: string,
  origin: string,
  progress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<ModelSource> {
  const url = modelAddress(address);
  const blobs = new Map<string, Blob>();
  const download = async (name: string): Promise<Blob> => {
    const file = fileAddress(url.href, name);
    const answer = await wholeProbe(file, { step: 'download the model', signal, cache: 'default' });
    const blob = await wholeFile(answer, { url: file, step: 'Downloading the model', progress, keep: null });
    blobs.set(name, blob);
    return blob;
  };
  return {
    name: modelName(url),
    main: blobSource(await download('')),
    external: async (location) => blobSource(await download(location)),
    blobOf: (location) => blobs.get(location) ?? new Blob(),
    origin: () => ({
      url: new URL(url.pathname, origin).href,
      files: [...blobs].map(([name, { size }]) => ({ name, bytes: size, validator: null })),
    }),
    atHand: async () => null,
    hashOf: () => null,
    beside: async (name) => {
      const { besideModel } = await import('./beside.ts');
      return besideModel(url.href, name, { signal, cache: 'default' });
    },
    graphRead: async () => undefined,
  };
}
