import type { ModelSource } from '../../../core/opening/model-source.ts';
import type { Progress } from '../../../core/session/state.ts';
import type { Shelf } from '../../../core/weights/shelf.ts';
import { modelAddress, modelName } from './address.ts';
import { besideModel } from './beside.ts';
import { readPublished } from './published.ts';
import { UrlFiles } from './url-files.ts';

/**
 * Opens the model at an address, or the one that a manifest there tells of, without fetching its weights; a server that gives no parts of files makes it come
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
  const options = { label: name, shelf, progress, signal };
  const published = url.pathname.endsWith('.json') ? await readPublished(url.href, options) : null;
  const files = new UrlFiles({ ...options, url: published?.url ?? url.href });
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
    hashOf: (piece) => published?.hashOf(piece) ?? null,
    beside: (file) => besideModel(published?.url ?? url.href, file, { signal, keep: { shelf, label: name } }),
    graphRead: () => files.graphRead(),
  };
}
