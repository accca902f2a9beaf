import type { Sha256 } from '../../core/ids.ts';
import { systemClock } from '../../core/mesh/clock.ts';
import { cacheFiles } from './cache-files.ts';
import { webLockClaims } from './claims.ts';
import { type Disk, isQuotaExceeded } from './disk.ts';
import { IndexedDbLedger } from './indexed-db-ledger.ts';
import { opfsFiles } from './opfs-files.ts';

/** No piece has this name. */
const PROBE = '0'.repeat(64) as Sha256;

/**
 * The best disk that this browser really lets the page write.
 * @throws AggregateError with the reason of each kind of disk, when there is none.
 */
export async function openDisk(): Promise<Disk> {
  const rest = {
    claims: webLockClaims(navigator.locks),
    ledger: new IndexedDbLedger(indexedDB),
    estimate: () => navigator.storage.estimate(),
    clock: systemClock,
  };
  const reasons: unknown[] = [];
  for (const open of [() => opfsFiles(navigator.storage), () => cacheFiles(caches)]) {
    try {
      const disk: Disk = { ...rest, files: await open() };
      await probe(disk);
      return disk;
    } catch (error) {
      reasons.push(error);
    }
  }
  throw new AggregateError(reasons, `This browser stores nothing: ${reasons.map(String).join('; ')}`);
}

/** Some browsers have all the functions and refuse at the first use. */
async function probe({ claims, ledger, files }: Disk): Promise<void> {
  await ledger.find(PROBE);
  await claims.alone('piece/probe', async () => {
    try {
      await files.write(PROBE, Uint8Array.of(1));
      const size = (await files.read(PROBE))?.size;
      if (size !== 1) throw new Error(`of 1 byte written, ${size} came back`);
      await files.remove(PROBE);
    } catch (error) {
      // Full, but it works: room can be made.
      if (!isQuotaExceeded(error)) throw error;
    }
  });
}
