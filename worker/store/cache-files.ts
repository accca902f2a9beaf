import { isSha256 } from '../../core/ids.ts';
import type { PieceFiles } from './piece-files.ts';

/** Nothing is ever fetched from here: a cache wants addresses for names. */
const PREFIX = 'https://pieces.invalid/';

/** Pieces as responses in the Cache API, for browsers that have no private file system to write. Also on disk. */
export async function cacheFiles(caches: CacheStorage, name = 'pieces'): Promise<PieceFiles> {
  const cache = await caches.open(name);
  return {
    write: (hash, bytes) => cache.put(`${PREFIX}${hash}`, new Response(bytes)),
    read: async (hash) => (await (await cache.match(`${PREFIX}${hash}`))?.blob()) ?? null,
    remove: async (hash) => {
      await cache.delete(`${PREFIX}${hash}`);
    },
    list: async () => (await cache.keys()).map(({ url }) => url.slice(PREFIX.length)).filter(isSha256),
  };
}
