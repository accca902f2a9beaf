import type { Progress } from '../../../core/session/state.ts';
import type { Shelf } from '../../../core/weights/shelf.ts';
import type { ModelSource } from '../model-source.ts';
import { modelAddress, modelName } from './address.ts';
import { UrlFiles } from './url-files.ts';

/**
 * Opens the model at an address without fetching its weights; a server that gives no parts of files makes it come
 * whole. What was read of the graph is kept under `label`, so that the next visit moves no byte of it.
 * @throws FetchError, or the signal's reason.
 */
export async function urlSource(
  address: string,
  shelf: Shelf,
  progress: (progress: Progress) => void,
  signal: AbortSignal,
  label?: string,
): Promise<ModelSource> {
  const url = modelAddress(address);
  const name = label ?? modelName(url);
  const files = new UrlFiles({ url: url.href, label: name, shelf, progress, signal });
  const main = await files.open('');
  return {
    name,
    main,
    external: (location) => files.open(location),
    get blobOf() {
      return files.whole ? (location: string) => files.blobOf(location) : null;
    },
    origin: () => files.card,
    atHand: (range) => files.atHand(range),
    graphRead: () => files.graphRead(),
  };
}
