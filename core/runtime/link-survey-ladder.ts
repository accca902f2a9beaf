import { fitWay, msOf, type WaySample } from '../mesh/way-fit.ts';

const KIB = 1024;
/** Sizes that plans send: an answer, a token's activation or a small map, a large map, the largest maps. */
const SIZES: readonly number[] = [1 * KIB, 32 * KIB, 256 * KIB];
const LARGEST = 1024 * KIB;
const SMALL: readonly number[] = [1 * KIB, 32 * KIB];
/** A median needs three. */
const TURNS = 3;
/** The first packets through a channel that was idle take up to twenty times as long. */
const WARM_UP: readonly number[] = [32 * KIB, 32 * KIB];
/** Larger probes are left out where their bytes take longer: they would keep a slow link busy for nothing. */
const LONGEST_MS = 400;

/** One link, as the ladder sees it. */
export interface Rung {
  /** Resolves when the next probe may go. */
  turn(): Promise<void>;
  /** Milliseconds, or undefined where something came between. */
  probe(bytes: number): Promise<number | undefined>;
}

/** Times probes of the sizes that plans send. Rejects when either function does. */
export async function climb(rung: Rung): Promise<readonly WaySample[]> {
  for (const bytes of WARM_UP) await one(rung, bytes);
  const samples: WaySample[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const sizes = turn === 1 ? [...SIZES, LARGEST] : SIZES;
    for (const bytes of sizes) if (isQuick(samples, bytes)) samples.push(...(await one(rung, bytes)));
  }
  return samples;
}

/** A few small probes, to see whether what is known still holds. */
export async function glance(rung: Rung): Promise<readonly WaySample[]> {
  const samples: WaySample[] = [];
  await one(rung, SMALL[0] ?? KIB);
  for (let turn = 0; turn < TURNS; turn++)
    for (const bytes of SMALL) samples.push(...(await one(rung, bytes)));
  return samples;
}

async function one({ turn, probe }: Rung, bytes: number): Promise<readonly WaySample[]> {
  await turn();
  const ms = await probe(bytes);
  return ms === undefined ? [] : [{ bytes, ms }];
}

function isQuick(samples: readonly WaySample[], bytes: number): boolean {
  if (SMALL.includes(bytes)) return true;
  if (samples.length === 0) return false;
  const way = fitWay(samples);
  return msOf(way, bytes) - way.delayMs <= LONGEST_MS;
}
